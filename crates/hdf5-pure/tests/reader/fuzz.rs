//! A bounded run of the fuzz targets (fuzz/README.md): deterministic, and without libFuzzer.
use crate::bodies::{self, Outcome};
use crate::mutate::mutate;
use crate::seeds;

/// Runs `target` on every seed, then `runs` times on mutated ones. Answers what was read of the seeds and of the mutants.
fn run(target: impl Fn(&[u8]) -> Outcome, inputs: &[Vec<u8>], runs: usize) -> (Outcome, Outcome) {
    assert!(inputs.len() > 5, "no seeds");
    let total = |outcomes: Vec<Outcome>| {
        outcomes.into_iter().fold(Outcome::default(), |sum, one| Outcome {
            answers: sum.answers + one.answers,
            errors: sum.errors + one.errors,
        })
    };
    let seeds = total(inputs.iter().map(|input| target(input)).collect());
    let mut state = 0x5dee_ce66_d1ce_4e5b;
    let mutant = |k: usize| target(&mutate(&inputs[k % inputs.len()], &mut state));
    let mutants = total((0..runs).map(mutant).collect());
    println!("{} seeds: {seeds:?}; {runs} mutants: {mutants:?}", inputs.len());
    (seeds, mutants)
}

/// Whole files, behind `prefix`.
fn files(prefix: &[u8]) -> Vec<Vec<u8>> {
    seeds::files(16 << 10).into_iter().map(|file| [prefix, &file].concat()).collect()
}

#[test]
fn walking_broken_files_neither_panics_nor_hangs() {
    let (seeds, mutants) = run(bodies::walk, &files(&[]), 4_000);
    assert!(seeds.answers > 50 && mutants.answers > 1_000 && mutants.errors > 1_000);
}

#[test]
fn opening_broken_files_neither_panics_nor_hangs() {
    let (seeds, mutants) = run(bodies::open, &files(&[]), 4_000);
    assert!(seeds.answers > 50 && mutants.answers > 1_000 && mutants.errors > 1_000);
}

#[test]
fn broken_files_answer_the_same_however_they_arrive() {
    let (seeds, mutants) = run(bodies::splits, &files(&77_u64.to_le_bytes()), 2_000);
    assert!(seeds.answers > 50 && mutants.answers > 1_000);
}

#[test]
fn broken_chunks_neither_panic_nor_hang() {
    let (seeds, mutants) = run(bodies::filter, &seeds::chunks(32 << 10), 20_000);
    assert!(seeds.answers > 50 && mutants.answers > 1_000 && mutants.errors > 1_000);
}

#[test]
fn broken_datatypes_neither_panic_nor_hang() {
    let (seeds, mutants) = run(bodies::datatype, &seeds::datatypes(), 20_000);
    assert!(seeds.answers > 50 && mutants.answers > 1_000 && mutants.errors > 1_000);
}

/// Inputs that once broke a promise, named by their target.
#[test]
fn what_was_found_stays_fixed() {
    let mut found = 0;
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/fuzz")).unwrap() {
        let path = entry.unwrap().path();
        let input = std::fs::read(&path).unwrap();
        match path.file_name().unwrap().to_str().unwrap().split('-').next().unwrap() {
            "walk" => bodies::walk(&input),
            "open" => bodies::open(&input),
            "splits" => bodies::splits(&input),
            "filter" => bodies::filter(&input),
            "datatype" => bodies::datatype(&input),
            other => panic!("no target {other}"),
        };
        found += 1;
    }
    assert!(found > 0);
}
