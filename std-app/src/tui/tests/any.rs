//! Any keys, any events, any size: nothing panics, and no control character reaches a cell

use proptest::prelude::*;
use proto_core::State;
use proto_core::packet::NextState;

use super::*;
use crate::client::{Event as ClientEvent, Status};
use crate::server::{Client, Event as ServerEvent};
use crate::side::{ClientSide, ServerSide};
use crate::tui::app::{Effect, Message};

#[derive(Clone, Debug)]
enum Step<E> {
    Terminal(Event),
    Side(E),
    SideEnded,
    Size(u16, u16),
}

fn terminal() -> impl Strategy<Value = Event> {
    let codes = prop_oneof![
        any::<char>().prop_map(KeyCode::Char),
        prop::sample::select(vec!['a', 'c', 'd', 'h', 'i', 'l', 'p', 'r', 's', 't', 'u', 'w', 'y', ' ', '世'])
            .prop_map(KeyCode::Char),
        prop::sample::select(vec![
            KeyCode::Enter,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Esc,
            KeyCode::Backspace,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::F(1),
        ]),
    ];
    let key = (codes, 0_u8..8)
        .prop_map(|(code, held)| Event::Key(KeyEvent::new(code, KeyModifiers::from_bits_truncate(held))));
    let kind = prop::sample::select(vec![MouseEventKind::ScrollUp, MouseEventKind::ScrollDown, MouseEventKind::Moved]);
    let mouse = (kind, any::<(u8, u8)>()).prop_map(|(kind, (column, row))| {
        Event::Mouse(MouseEvent { kind, column: column.into(), row: row.into(), modifiers: KeyModifiers::NONE })
    });
    prop_oneof![8 => key, 1 => mouse, 1 => any::<String>().prop_map(Event::Paste)]
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        any::<u64>().prop_map(Duration::from_micros),
        any::<u16>().prop_map(|rtt| Duration::from_micros(rtt.into()))
    ]
}

fn client() -> impl Strategy<Value = std::net::SocketAddr> {
    prop_oneof![
        8 => (0_u16..12).prop_map(|port| ([127, 0, 0, 1], port).into()),
        1 => any::<([u16; 8], u16)>().prop_map(|(ip, port)| (ip, port).into()),
    ]
}

fn state() -> impl Strategy<Value = State> {
    prop::sample::select(vec![State::Default, State::Status])
}

fn server_event() -> impl Strategy<Value = ServerEvent> {
    let next = prop::sample::select(vec![NextState::Default, NextState::Status, NextState::Login, NextState::Transfer]);
    let handshake = (client(), any::<i32>(), any::<String>(), any::<u16>(), next);
    let listed = (client(), state(), prop::option::of(duration()));
    let listed = listed.prop_map(|(address, state, rtt)| Client { address, state, rtt });
    prop_oneof![
        1 => client().prop_map(|address| ServerEvent::Listening { address }),
        4 => client().prop_map(|client| ServerEvent::Connected { client }),
        4 => handshake.prop_map(|(client, protocol_version, server_address, server_port, next_state)| {
            ServerEvent::Handshake { client, protocol_version, server_address, server_port, next_state }
        }),
        1 => (client(), any::<i64>()).prop_map(|(client, payload)| ServerEvent::Ping { client, payload }),
        4 => (client(), any::<i64>(), duration())
            .prop_map(|(client, payload, rtt)| ServerEvent::Pong { client, payload, rtt }),
        1 => (prop::option::of(state()), prop::collection::vec(listed, 0..5))
            .prop_map(|(state, clients)| ServerEvent::List { state, clients }),
        1 => (client(), any::<String>(), any::<bool>())
            .prop_map(|(client, reason, clean)| ServerEvent::Disconnected { client, reason, clean }),
        1 => any::<String>().prop_map(|message| ServerEvent::Error { message }),
        1 => Just(ServerEvent::Stopped),
    ]
}

fn client_event() -> impl Strategy<Value = ClientEvent> {
    let text = || prop::option::of(any::<String>());
    let number = || prop::option::of(any::<i64>());
    let status =
        (text(), text(), number(), number(), number(), prop::collection::vec(any::<String>(), 0..6), any::<u32>());
    let status = status.prop_map(|(version_name, description, protocol, online, max, sample, raw_bytes)| Status {
        version_name,
        description,
        protocol,
        online,
        max,
        sample,
        favicon_bytes: Some(raw_bytes),
        raw_bytes,
        truncated: true,
        oversize: true,
    });
    prop_oneof![
        1 => any::<String>().prop_map(|server| ClientEvent::Connecting { server }),
        1 => any::<String>().prop_map(|server| ClientEvent::Connected { server }),
        1 => (state(), state()).prop_map(|(from, to)| ClientEvent::State { from, to }),
        4 => status.prop_map(ClientEvent::Status),
        4 => (any::<i64>(), duration()).prop_map(|(payload, rtt)| ClientEvent::Pong { payload, rtt }),
        1 => (any::<String>(), any::<bool>()).prop_map(|(reason, clean)| ClientEvent::Disconnected { reason, clean }),
        1 => (any::<String>(), any::<u32>(), duration())
            .prop_map(|(reason, attempt, pause)| ClientEvent::Reconnecting { reason, attempt, pause }),
        1 => any::<String>().prop_map(|message| ClientEvent::Lost { message }),
    ]
}

fn steps<E: std::fmt::Debug + Clone + 'static>(
    event: impl Strategy<Value = E> + 'static,
) -> impl Strategy<Value = Vec<Step<E>>> {
    let sizes = prop_oneof![(1_u16..30, 1_u16..14), (1_u16..220, 1_u16..70)];
    let step = prop_oneof![
        6 => terminal().prop_map(Step::Terminal),
        6 => event.prop_map(Step::Side),
        1 => Just(Step::SideEnded),
        2 => sizes.prop_map(|(width, height)| Step::Size(width, height)),
    ];
    prop::collection::vec(step, 1..60)
}

fn play<S: Front>(steps: Vec<Step<S::Event>>, ascii: bool) -> Result<(), TestCaseError> {
    let glyphs = if ascii { &Glyphs::ASCII } else { &Glyphs::UNICODE };
    let clock = Clock::starting_at(START, TimeZone::UTC);
    let mut config = Config::default();
    config.terminal.scrollback = 20;
    let mut app = App::<S>::new(&config, &clock, Theme::coloured(glyphs), History::new(5));
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    for step in steps {
        let message = match step {
            Step::Terminal(event) => Message::Terminal(event),
            Step::Side(event) => Message::Side(event),
            Step::SideEnded => Message::SideEnded,
            Step::Size(width, height) => {
                terminal.backend_mut().resize(width, height);
                Message::Terminal(Event::Resize(width, height))
            }
        };
        if matches!(app.update(message), Effect::Quit) {
            app.warn("on and on");
        }
        let _next = app.next_change();
        terminal.draw(|frame| app.view(frame)).unwrap();
        prop_assert!(!app.is_dirty());
        for cell in &terminal.backend().buffer().content {
            prop_assert!(!cell.symbol().contains(crate::terminal::clean::is_harmful), "{:?}", cell.symbol());
            prop_assert!(!ascii || cell.symbol().is_ascii(), "{:?}", cell.symbol());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn nothing_breaks_the_screen_of_the_server(steps in steps(server_event()), ascii in any::<bool>()) {
        play::<ServerSide>(steps, ascii)?;
    }

    #[test]
    fn nothing_breaks_the_screen_of_the_client(steps in steps(client_event()), ascii in any::<bool>()) {
        play::<ClientSide>(steps, ascii)?;
    }
}

#[test]
fn an_entry_of_a_library_gets_the_time_of_the_screen() {
    let clock = Clock::starting_at(START, TimeZone::UTC);
    let mut app = App::<ClientSide>::new(&Config::default(), &clock, Theme::plain(&Glyphs::UNICODE), History::new(1));
    assert_eq!(app.update(Message::Traced(Entry::new(Kind::Warning, "late"))), Effect::None);
    let mut terminal = Terminal::new(TestBackend::new(60, 24)).unwrap();
    terminal.draw(|frame| app.view(frame)).unwrap();
    assert!(text_of(terminal.backend().buffer()).contains("16:31:04  late"));
}

#[test]
fn terminal_and_protocol_hold_the_same_characters_for_unsafe() {
    use crate::terminal::clean;
    use proto_core::text;
    for c in '\0'..=char::MAX {
        assert_eq!(clean::is_harmful(c), text::is_unsafe(c), "{c:?}");
        assert_eq!(clean::clean_char(c), text::clean_char(c), "{c:?}");
    }
}
