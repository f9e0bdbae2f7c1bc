//! The table that comes out.

use std::time::Duration;

/// Prints the heading; [`times`] and [`numbers`] print what stands below it.
pub fn heading() {
    println!("{:<52} {:>9} {:>9} {:>9}  target", "", "median", "p99", "slowest");
}

/// Prints a figure that was measured many times, in ms.
pub fn times(what: &str, times: &[Duration], target: &str) {
    let mut ms: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1_000.0).collect();
    ms.sort_by(f64::total_cmp);
    let last = ms.len() - 1;
    let [half, most] = [ms.len() / 2, ms.len() * 99 / 100].map(|at| ms[at.min(last)]);
    println!("{:<52} {half:>9.2} {most:>9.2} {:>9.2}  {target}", format!("{what}, ms"), ms[last]);
}

/// Prints a figure that was measured once or a few times; their median.
pub fn numbers(what: &str, numbers: &[f64], target: &str) {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    println!(
        "{what:<52} {:>9.2} {:>9} {:>9.2}  {target}",
        sorted[sorted.len() / 2],
        "",
        sorted[sorted.len() - 1]
    );
}
