//! One run: four people talk through a storm, and when it is over everybody has everything.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use cooee::domain::{GroupId, JoinPolicy};
use cooee::engine::{self, Command};
use fastrand::Rng;
use futures::FutureExt;
use futures::future::{join_all, select_all};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use super::link::{Link, Port};
use super::script::{Line, Outage, PEOPLE, outages, script};
use super::verdict::{Verdict, is_through};
use super::weather::Weather;
use crate::support::person::{Person, sign_up, text};
use crate::support::world::{Broker, World};

/// What a run is made of.
#[derive(Clone, Copy)]
pub struct Options {
    pub messages: usize,
    /// How often the broker is killed, and how often of these its state goes with it.
    pub kills: usize,
    pub forgets: usize,
    /// How long after the storm nothing new may come before what is missing counts as lost.
    pub patience: Duration,
}

/// How a run went.
pub struct Report {
    broker: &'static str,
    seed: u64,
    options: Options,
    weather: Weather,
    took: Duration,
    pub verdict: Verdict,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { broker, seed, options, weather, took, verdict } = self;
        let Verdict { lost, doubled, disordered, strange, unconfirmed, overtaken } = verdict;
        write!(
            f,
            "chaos on {broker}: seed {seed}, {} messages: {} lost, {} doubled, {} disordered, {} strange, {} \
             unconfirmed ({overtaken} overtaken); {}; the broker killed {} times, {} of them without its \
             state; {:.1} s",
            options.messages,
            lost.len(),
            doubled.len(),
            disordered.len(),
            strange.len(),
            unconfirmed.len(),
            weather.tally,
            options.kills,
            options.forgets,
            took.as_secs_f64()
        )
    }
}

impl Report {
    /// Fails with the first few of all that is wrong.
    pub fn check(&self) {
        let Verdict { lost, doubled, disordered, strange, unconfirmed, .. } = &self.verdict;
        for wrong in [lost, doubled, disordered, strange, unconfirmed] {
            let some = &wrong[..wrong.len().min(20)];
            assert!(wrong.is_empty(), "{self}\nCOOEE_CHAOS_SEED={} repeats it\n{some:#?}", self.seed);
        }
    }
}

/// Four people talk through a storm.
pub async fn run(mut world: World, seed: u64, options: Options) -> Report {
    let begun = Instant::now();
    let mut rng = Rng::with_seed(seed);
    let script = script(&mut rng.fork(), options.messages);
    let outages = outages(&mut rng.fork(), options.messages, options.kills, options.forgets);
    let weather = Weather::new();
    let port: Port = Arc::new(AtomicU16::new(world.port().await));
    let (mut people, mut links) = (Vec::new(), Vec::new());
    for name in PEOPLE {
        let link = Link::open(Arc::clone(&port), &weather, rng.fork()).await;
        sign_up(&world.setup(), name).await;
        people.push(Person::sign_in(&world.setup_through(link.address.port()), name).await);
        links.push(link);
    }
    let group = gather(&mut people).await;

    weather.storm();
    let said = watch::Sender::new(0);
    let mut moods = rng.fork();
    tokio::join!(
        talk(&mut people, &script, group, &mut moods, &said),
        break_broker(&mut world, &links, &outages, &port, said.subscribe())
    );
    weather.calm();
    settle(&mut people, &script, options.patience).await;
    let verdict = Verdict::of(&mut people, &script, group).await;
    join_all(people.into_iter().map(Person::quit)).await;
    let broker = match &world.broker {
        Broker::BuiltIn => "the built-in broker",
        Broker::External(external) => external.name(),
    };
    Report { broker, seed, options, weather, took: begun.elapsed(), verdict }
}

/// Everybody knows everybody and is in the group.
async fn gather(people: &mut [Person]) -> GroupId {
    let group = people[0].create("crew", JoinPolicy::Open).await;
    for person in &mut people[1..] {
        person.until("the group is listed", |s| s.groups.contains_key(&group)).await;
        person.join(group).await.unwrap();
    }
    for person in people {
        person.until("all are in", |s| s.members(group).len() == PEOPLE.len()).await;
        person.until("all are known", |s| s.people.len() == PEOPLE.len() - 1).await;
    }
    group
}

/// Takes in what one of them is told next; says whom.
async fn hear(people: &mut [Person]) -> usize {
    select_all(people.iter_mut().map(|person| person.hear().boxed())).await.1
}

async fn talk(
    people: &mut [Person],
    script: &[Line],
    group: GroupId,
    moods: &mut Rng,
    said: &watch::Sender<usize>,
) {
    for line in script {
        let due = Instant::now() + line.pause;
        while timeout_at(due, hear(people)).await.is_ok() {}
        let person = &mut people[line.sender];
        // Whoever wants to write and sees no link may be impatient.
        if matches!(person.screen.link, Some(engine::Link::Down { .. })) && moods.bool() {
            person.ask(Command::ConnectNow).await;
        }
        let conversation = line.conversation(line.sender, group).expect("they wrote it");
        person.say(&conversation, &line.text()).await;
        said.send_modify(|said| *said += 1);
    }
}

async fn break_broker(
    world: &mut World,
    links: &[Link],
    outages: &[Outage],
    port: &Port,
    mut said: watch::Receiver<usize>,
) {
    for outage in outages {
        said.wait_for(|said| *said >= outage.after).await.expect("people talk");
        links[outage.absent].close();
        sleep(outage.absent_before).await;
        world.kill_broker();
        if outage.forgets {
            world.wipe_broker().await;
        }
        sleep(outage.lasts).await;
        world.revive_broker();
        port.store(world.port().await, Ordering::Relaxed);
        links[outage.absent].reopen();
    }
}

/// Waits until everybody has everything and knows that the others have it, or until nothing comes any more.
async fn settle(people: &mut [Person], script: &[Line], patience: Duration) {
    let awaited = |reader| script.iter().filter(|line| line.is_awaited_by(reader)).count();
    let written = |sender| script.iter().filter(|line| line.sender == sender).count();
    let all: Vec<_> = (0..people.len()).map(|n| (awaited(n), written(n))).collect();
    let mut so_far: Vec<_> = people.iter().map(progress).collect();
    let mut deadline = Instant::now() + patience;
    while so_far != all {
        let Ok(who) = timeout_at(deadline, hear(people)).await else { return };
        let now = progress(&people[who]);
        if now != so_far[who] {
            so_far[who] = now;
            deadline = Instant::now() + patience;
        }
    }
}

/// How many messages of others somebody has, and how many of their own are through.
fn progress(person: &Person) -> (usize, usize) {
    let screen = &person.screen;
    let texts = screen.stored.iter().filter(|message| text(message).is_some());
    let (ours, theirs): (Vec<_>, Vec<_>) = texts.partition(|message| message.is_ours());
    (theirs.len(), ours.into_iter().filter(|message| is_through(screen, message)).count())
}
