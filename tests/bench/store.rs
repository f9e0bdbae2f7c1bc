//! The store at 1,000,000 messages, on a real file: `cargo bench --bench store`.
//!
//! The messages are made once a run, in a directory that goes with it (about 400 MB), and only for the
//! measurements that need them. Half of them are in one conversation. All times include the way to the
//! store's thread and back.

use std::path::PathBuf;
use std::sync::Mutex;

use cooee::domain::{
    Body, ConversationId, DataKey, FindAt, Message, MessageId, MessageKey, MessageText, PageAt,
    Timestamp, UserName,
};
use cooee::store::{Incoming, Store};
use divan::Bencher;
use divan::counter::ItemsCount;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

const MESSAGES: u64 = 1_000_000;
const WORDS: u64 = 30_000;
/// Twenty old messages.
const SMALL: &str = "small";
/// Half of all messages.
const LARGE: &str = "large";

/// Where the messages are and the number of the next one; made by the first who asks.
static MADE: Mutex<Option<(TempDir, u64)>> = Mutex::new(None);

fn main() {
    divan::main();
    drop(MADE.lock().unwrap().take());
}

fn key() -> DataKey {
    let fill = |key: &mut [u8; 32]| {
        key.fill(7);
        Ok::<_, std::convert::Infallible>(())
    };
    DataKey::filled(fill).unwrap()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// A number that looks random, always the same for the same `n`: the finaliser of SplitMix64.
fn scatter(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// A made-up word; few of them are common and many are rare, as in life.
fn word(n: u64) -> String {
    let rank = (n % 1_000).pow(3) * WORDS / 1_000_000_000;
    let syllables =
        ["ka", "lo", "mi", "pu", "te", "ra", "so", "ni", "ve", "du", "ba", "shi", "gon", "wer"];
    let mut rest = scatter(rank) % 500_000 + 14;
    let mut word = String::new();
    while rest > 0 {
        word.push_str(syllables[usize::try_from(rest % 14).unwrap()]);
        rest /= 14;
    }
    word
}

fn message(n: u64) -> Message {
    let name = match scatter(n) % 400 {
        _ if n < 20 => SMALL.to_owned(),
        0..200 => LARGE.to_owned(),
        other => format!("user{other}"),
    };
    let mut text: Vec<String> = (0..4 + scatter(n) % 18).map(|i| word(scatter(n * 32 + i))).collect();
    // A mark that every eighth message has, one that every 100,000th has, and one of each script.
    let mut mark = |every, mark: &str| {
        if n.is_multiple_of(every) {
            text.push(mark.to_owned());
        }
    };
    mark(8, "pump");
    mark(100_000, "valve");
    mark(1_000, "水泵坏了");
    let sender: UserName = name.parse().unwrap();
    let sent_at = Timestamp::from_millis(i64::try_from(1_700_000_000_000 + n * 1_000).unwrap());
    Message {
        unseen: true,
        ..Message::new(
            MessageId::from_bytes(((u128::from(n) << 64) + u128::from(scatter(n))).to_be_bytes()),
            ConversationId::Direct(sender.clone()),
            sender,
            sent_at,
            Body::Text(MessageText::new(&text.join(" ")).unwrap()),
        )
    }
}

fn batch(start: u64, count: u64) -> Vec<Incoming> {
    (start..start + count).map(message).map(Incoming::Message).collect()
}

/// The database of a million messages.
fn million() -> PathBuf {
    let mut made = MADE.lock().unwrap();
    let (dir, _) = made.get_or_insert_with(|| {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("chat.db"), &key()).unwrap();
        let runtime = runtime();
        for start in (0..MESSAGES).step_by(10_000) {
            runtime.block_on(store.receive(batch(start, 10_000))).unwrap();
        }
        runtime.block_on(store.close()).unwrap();
        (dir, MESSAGES)
    });
    dir.path().join("chat.db")
}

/// The next messages that nobody stored yet.
fn next_batch(count: u64) -> Vec<Incoming> {
    let mut made = MADE.lock().unwrap();
    let (_, next) = made.as_mut().expect("the database was opened before");
    *next += count;
    batch(*next - count, count)
}

#[divan::bench(args = [1, 64, 1_000], sample_count = 100, sample_size = 1)]
fn receive(bencher: Bencher<'_, '_>, count: u64) {
    let (store, runtime) = (Store::open(&million(), &key()).unwrap(), runtime());
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| next_batch(count))
        .bench_local_values(|batch| runtime.block_on(store.receive(batch)).unwrap());
}

#[divan::bench(sample_count = 100, sample_size = 1)]
fn open_and_load(bencher: Bencher<'_, '_>) {
    let (path, runtime) = (million(), runtime());
    bencher.bench_local(|| {
        let store = Store::open(&path, &key()).unwrap();
        let snapshot = runtime.block_on(store.load()).unwrap();
        assert!(snapshot.summaries.len() > 200);
        store
    });
}

/// 50 messages of the half million.
#[divan::bench(args = ["newest", "oldest", "before", "around"], sample_count = 1_000, sample_size = 1)]
fn page_of_50(bencher: Bencher<'_, '_>, place: &str) {
    let (store, runtime) = (Store::open(&million(), &key()).unwrap(), runtime());
    let mut n = 0;
    let input = || {
        n += 1;
        let MessageKey { sent_at, id } = message(scatter(n) % MESSAGES).key();
        match place {
            "newest" => PageAt::Newest,
            "oldest" => PageAt::Oldest,
            "before" => PageAt::Before(MessageKey { sent_at, id }),
            _ => PageAt::Around(MessageKey { sent_at, id }),
        }
    };
    let large = ConversationId::Direct(LARGE.parse().unwrap());
    bencher
        .with_inputs(input)
        .bench_local_values(|at| runtime.block_on(store.page(large.clone(), at, 50)).unwrap());
}

const SEARCHES: [&str; 9] = [
    "pump",
    "valve",
    "p",
    "pu",
    "ka",
    "pump valve",
    "水泵",
    "nothinglikeit",
    "pump in a small conversation",
];

/// The newest 50 messages that have these words.
#[divan::bench(args = SEARCHES, sample_count = 200, sample_size = 1)]
fn search_newest_50(bencher: Bencher<'_, '_>, text: &str) {
    let (store, runtime) = (Store::open(&million(), &key()).unwrap(), runtime());
    let (text, party) = match text.strip_suffix(" in a small conversation") {
        Some(text) => (text, Some(ConversationId::Direct(SMALL.parse().unwrap()))),
        None => (text, None),
    };
    bencher.bench_local(|| {
        runtime.block_on(store.search(text, party.clone(), FindAt::Newest, 50)).unwrap()
    });
}
