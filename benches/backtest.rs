//! How long it takes to try rules on a real history, in memory, on two cores: CDNOW, 69,659
//! purchases of 23,570 customers, which lies beside the repository in `../shared/data`.
//!
//! `cargo bench --bench backtest`

#[path = "../tests/it/real_data/history.rs"]
#[expect(
    unreachable_pub,
    dead_code,
    reason = "shared with the tests, which know the figures"
)]
mod history;

use std::hint::black_box;

use befriend::stage::Rules;
use befriend::stage::simulate::{Question, stage_at};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use history::{History, end_of, path, rules_with_half_life, two_threads};

fn backtest(criterion: &mut Criterion) {
    let Some(file) = path("cdnow_master.txt.gz") else {
        return;
    };
    let mut group = criterion.benchmark_group("backtest");
    group.sample_size(20);
    group.bench_function("read the file, one core", |bencher| {
        bencher.iter(|| History::read(black_box(&file)));
    });
    let history = History::read(&file);
    let rules = rules_with_half_life(170.0);
    let (first, last) = (end_of(1997, 9, 30), end_of(1998, 6, 30));

    let people = u64::try_from(history.people.len()).expect("some thousands");
    group.throughput(Throughput::Elements(people));
    group.bench_function("stages at two dates, per person", |bencher| {
        bencher.iter(|| {
            history.for_all(two_threads(), |person| {
                let outcome = person.fold(&rules, last);
                [first, last].map(|at| stage_at(&outcome.transitions, at))
            })
        });
    });
    let present = Rules::default_rules();
    group.bench_function("preview other rules, per person", |bencher| {
        bencher.iter(|| {
            history.preview(
                (&present, &rules),
                Question::about(last, 273),
                two_threads(),
            )
        });
    });
    group.finish();
}

criterion_group!(benches, backtest);
criterion_main!(benches);
