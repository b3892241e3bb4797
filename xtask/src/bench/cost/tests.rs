//! Reading, comparing and telling, with counts made up

use super::*;

fn count(operation: &str, case: &str, contender: &str, instructions: u64) -> Count {
    let [operation, case, contender] = [operation, case, contender].map(str::to_owned);
    Count { operation, case, contender, instructions, operations: 10 }
}

#[test]
fn summary_is_read() {
    let line = r#"{"function_name":"decode_integer_encoding","id":"uniform",
        "description":"(to_decode(500_000, Mix :: Uniform))",
        "profiles":[{"data":{"total":{"metrics":{"Ir":{"values":{"new":1500000,"old":7}}}}}}]}"#;
    let found = read(line).unwrap();
    assert_eq!((found.name().as_str(), found.contender.as_str()), ("decode uniform", "integer encoding"));
    assert!((found.each() - 3.0).abs() < 1e-9);
    assert_eq!(read(&line.replace("500_000", "COUNT")), None);
    assert_eq!(read("{}"), None);
}

#[test]
fn more_than_two_percent_from_the_stored_count_fails() {
    let stored = json!({ "decode uniform": 1_000, "ping server": 100 });
    let counted = |decode, ping| {
        let counts = [count("decode", "uniform", OURS, decode), count("ping", "server", OURS, ping)];
        compare(&counts, &stored).into_iter().filter_map(Result::err).collect::<Vec<_>>()
    };
    assert!(counted(1_020, 98).is_empty());
    let told = counted(1_021, 102);
    assert_eq!(told, ["decode uniform: 1021 instructions, 1000 are stored, and 1020 allowed"]);
    let told = counted(980, 97);
    assert_eq!(told, ["ping server: 97 instructions, 100 are stored; `cargo xtask bench cost --bless` keeps the gain"]);
}

#[test]
fn what_is_stored_and_counted_has_to_be_the_same() {
    let told = compare(&[count("decode", "practice", OURS, 1)], &json!({ "decode uniform": 1 }));
    assert!(told.iter().all(Result::is_err) && told.len() == 2, "{told:?}");
}

#[test]
fn goals_are_against_the_best_of_the_others() {
    let beside = |operation, ours, names: &[&str]| -> Vec<Count> {
        let others = names.iter().zip(80..).map(|(name, each)| count(operation, "x", name, each));
        [count(operation, "x", OURS, ours)].into_iter().chain(others).collect()
    };
    let is_met = |counts: &[Count]| met(counts, &counts[0]).map(|(met, _)| met);
    for (operation, names, most) in [("decode", VARINTS, 80), ("encode", VARINTS, 80), ("picker", DOCUMENTS, 79)] {
        assert_eq!(is_met(&beside(operation, most, names)), Some(true), "{operation}");
        assert_eq!(is_met(&beside(operation, most + 1, names)), Some(false), "{operation}");
        for missing in names {
            let rest: Vec<_> = names.iter().copied().filter(|name| name != missing).collect();
            assert_eq!(is_met(&beside(operation, 1, &rest)), Some(false), "without {missing} it is no victory");
        }
    }
    let ping = [count("ping", "server", OURS, 3_000)];
    assert_eq!(met(&ping, &ping[0]).map(|(met, _)| met), Some(false));
    assert_eq!(met(&[], &count("session", "server", OURS, 1)), None);
}

#[test]
fn table_tells_ratios_to_ours_and_goals() {
    let others = VARINTS.iter().map(|name| count("decode", "x", name, 150));
    let counts: Vec<_> = [count("decode", "x", OURS, 100)].into_iter().chain(others).collect();
    let lines: Vec<String> =
        table(&counts).lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines[1..3], ["decode x ours 10.00 1.00 met (15.00)", "leb128fmt slice 15.00 1.50"]);
}
