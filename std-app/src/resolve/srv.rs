//! SRV records: where a domain says that its Minecraft server is
//!
//! What a record says is a stranger's text: a target that is no host name is passed over.

use std::hash::{BuildHasher as _, RandomState};

use hickory_resolver::proto::rr::RData;
use hickory_resolver::proto::rr::rdata::SRV;
use tokio::time::{Instant, timeout_at};

use super::{ResolveOptions, resolver, without_dot};
use crate::cli::target::Host;

/// Most targets that are tried: a record set may hold hundreds
const MAX_TARGETS: usize = 8;

/// What the DNS says about a domain's server
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing, or nothing of use: the domain itself is meant
    Absent,
    /// That there is none: the only target is the root (RFC 2782)
    NoService,
    /// Where it is, in the order in which to try; at least one
    Targets(Vec<Target>),
}

/// Where a record points
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Without a trailing dot
    pub(super) host: Host,
    pub(super) port: u16,
}

/// Asks for the records of `domain`, for at most half of the time that is left
///
/// The other half is kept for the domain itself: some name servers leave questions for SRV unanswered.
pub(super) async fn lookup(domain: &str, options: &ResolveOptions) -> Answer {
    let now = Instant::now();
    let half = options.deadline.saturating_duration_since(now) / 2;
    let Ok(resolver) = resolver(options.nameserver) else {
        return Answer::Absent;
    };
    let query = resolver.srv_lookup(format!("_minecraft._tcp.{domain}."));
    let Ok(Ok(found)) = timeout_at(now + half, query).await else {
        return Answer::Absent;
    };
    let records = found
        .answers()
        .iter()
        .filter_map(|record| match &record.data {
            RData::SRV(srv) => Some(srv.clone()),
            _ => None,
        })
        .collect();
    answer(records, random_up_to)
}

fn answer(records: Vec<SRV>, random_up_to: impl FnMut(u32) -> u32) -> Answer {
    if let [only] = records.as_slice()
        && only.target.is_root()
    {
        return Answer::NoService;
    }
    let targets: Vec<Target> =
        by_priority_and_weight(records, random_up_to).iter().filter_map(target).take(MAX_TARGETS).collect();
    if targets.is_empty() {
        return Answer::Absent;
    }
    Answer::Targets(targets)
}

/// Where a record points; `None` when that can be no server
fn target(record: &SRV) -> Option<Target> {
    let name = record.target.to_ascii();
    let host = without_dot(&name).parse().ok()?;
    (record.port != 0).then_some(Target { host, port: record.port })
}

/// The order in which records are to be tried (RFC 2782)
///
/// The lowest priority comes first; among equals one is drawn after the other, with chances after their weights.
/// `random_up_to(n)` draws from 0 to n.
fn by_priority_and_weight(mut records: Vec<SRV>, mut random_up_to: impl FnMut(u32) -> u32) -> Vec<SRV> {
    // Weight 0 first within a priority: it is drawn only when the draw is 0.
    records.sort_by_key(|record| (record.priority, record.weight != 0));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let equals = records.iter().take_while(|record| record.priority == priority);
        let total = equals.map(|record| u32::from(record.weight)).sum();
        let drawn = random_up_to(total);
        let mut sum = 0;
        let chosen = records.iter().position(|record| {
            sum += u32::from(record.weight);
            sum >= drawn
        });
        ordered.push(records.remove(chosen.unwrap_or(0)));
    }
    ordered
}

/// A number from 0 to `most`, from the seed that the standard library draws for each hash map
///
/// Spreading clients over servers needs no better one.
fn random_up_to(most: u32) -> u32 {
    let drawn = RandomState::new().hash_one(most);
    let below = u64::from(most) + 1;
    u32::try_from(drawn % below).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::proto::rr::Name;

    fn srv(priority: u16, weight: u16, port: u16, target: &str) -> SRV {
        SRV::new(priority, weight, port, Name::from_ascii(target).unwrap())
    }

    /// A record whose target has labels of any bytes
    fn srv_at(labels: &[&[u8]]) -> SRV {
        SRV::new(0, 0, 2, Name::from_labels(labels.iter().copied()).unwrap())
    }

    fn order(records: Vec<SRV>, random: impl FnMut(u32) -> u32) -> Vec<u16> {
        by_priority_and_weight(records, random).iter().map(|record| record.port).collect()
    }

    #[test]
    fn priority_comes_before_weight() {
        let records = vec![srv(20, 65_535, 1, "a."), srv(10, 0, 2, "b."), srv(10, 1, 3, "c.")];
        assert_eq!(order(records.clone(), |_| 0), [2, 3, 1]);
        assert_eq!(order(records, |most| most), [3, 2, 1]);
    }

    #[test]
    fn chances_follow_the_weights() {
        let mut firsts = [0; 4];
        for drawn in 0..=100 {
            let records = vec![srv(0, 70, 1, "a."), srv(0, 0, 2, "b."), srv(0, 30, 3, "c."), srv(1, 9, 0, "d.")];
            let ports = order(records, |most| drawn.min(most));
            assert_eq!(ports.len(), 4);
            firsts[usize::from(ports[0])] += 1;
        }
        assert_eq!(firsts, [0, 70, 1, 30]);
    }

    #[test]
    fn draws_stay_in_range_and_differ() {
        assert_eq!(random_up_to(0), 0);
        let drawn: Vec<u32> = (0..1000).map(|_| random_up_to(9)).collect();
        assert!((0..=9).all(|n| drawn.contains(&n)));
        assert!(drawn.iter().all(|n| *n <= 9));
        assert_eq!(u64::from(random_up_to(u32::MAX)) >> 32, 0);
    }

    #[test]
    fn the_root_alone_says_that_there_is_no_service() {
        assert_eq!(answer(vec![srv(0, 0, 0, ".")], |_| 0), Answer::NoService);
        assert_eq!(answer(Vec::new(), |_| 0), Answer::Absent);
    }

    #[test]
    fn targets_that_cannot_be_a_server_are_passed_over() {
        let records = vec![
            srv(0, 0, 1, "."),
            srv(1, 0, 0, "no-port.example."),
            srv_at(&[b"bad name\x1b[31m", b"example"]),
            srv_at(&[b"two.dots", b"\xff"]),
            srv(3, 0, 3, "good.example."),
            srv(4, 0, 4, "192.0.2.7."),
        ];
        assert_eq!(
            answer(records, |_| 0),
            Answer::Targets(vec![
                Target { host: Host::Name("good.example".to_owned()), port: 3 },
                Target { host: Host::Ip([192, 0, 2, 7].into()), port: 4 },
            ])
        );
        assert_eq!(answer(vec![srv_at(&[b"a b"])], |_| 0), Answer::Absent);
    }

    #[test]
    fn only_a_few_of_many_are_tried() {
        let records = (1..=300).map(|n| srv(n, 0, n, "x.example.")).collect();
        let Answer::Targets(targets) = answer(records, random_up_to) else {
            panic!("no targets");
        };
        let ports: Vec<u16> = targets.iter().map(|target| target.port).collect();
        assert_eq!(ports, [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
