//! The built-in broker on a network: TLS, fingerprints, invites. The address is 127.0.0.1 all the same; what
//! comes through the TLS listener counts as the network.

use std::path::PathBuf;
use std::process::Output;

use cooee::broker::Network;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpStream;

use super::*;
use crate::support::terminal::{CTRL_U, ENTER, LEFT, Launch};

/// A house whose broker serves the "network" for MQTT and websockets.
fn open_house() -> House {
    let house = House::new();
    let any = Some(([127, 0, 0, 1], 0).into());
    Network { mqtts: any, wss: any, ..Network::default() }.save(house.path()).unwrap();
    house
}

/// Somebody on another machine: their own data directory, and nothing of ours.
struct Stranger(TempDir);

impl Stranger {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// `cooee` at this broker.
    fn cooee(&self, broker: &str, arguments: &[&str], env: &[(&str, &str)]) -> Output {
        let mut command = std::process::Command::new(program());
        command.env_clear().env("HOME", self.0.path()).envs(env.iter().copied());
        command.arg("-d").arg(self.data_dir()).args(["-b", broker]).args(arguments);
        if arguments.contains(&"sign-up") {
            command.arg("--no-passphrase");
        }
        command.output().unwrap()
    }

    /// It does not exist yet.
    fn data_dir(&self) -> PathBuf {
        self.0.path().join("cooee")
    }

    fn pins(&self) -> PathBuf {
        self.data_dir().join("brokers.json")
    }
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn assert_done(output: &Output) {
    assert!(output.status.success(), "{}", err(output));
}

/// An invite, as `cooee broker invite` prints it.
fn invite(house: &House, arguments: &[&str]) -> String {
    let made = house.cooee(&[&["broker", "invite"], arguments].concat()).output().unwrap();
    assert_done(&made);
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

/// The addresses of the broker for mqtts:// and wss://, which is started.
async fn addresses(house: &House) -> (String, String) {
    house.broker().await;
    let open = house.running().unwrap().network.expect("it serves a network");
    (format!("mqtts://{}", open.mqtts.unwrap()), format!("wss://{}", open.wss.unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_needs_an_invite_and_two_people_talk_over_tls_and_websockets() {
    let house = open_house();
    let (mqtts, wss) = addresses(&house).await;
    let (alice, bob, eve) = (Stranger::new(), Stranger::new(), Stranger::new());

    let refused = eve.cooee(&mqtts, &["sign-up", "eve"], &[]);
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
    for word in ["0x87", "not authorized", "invite", "--invite"] {
        assert!(err(&refused).contains(word), "{}", err(&refused));
    }
    let refused = eve.cooee(&wss, &["sign-up", "eve"], &[]);
    assert_eq!(refused.status.code(), Some(3), "websockets are the network too: {}", err(&refused));
    let wrong = "0".repeat(36);
    assert_eq!(eve.cooee(&mqtts, &["sign-up", "eve", "--invite", &wrong], &[]).status.code(), Some(3));
    assert!(!house.path().join("broker/accounts.json").exists(), "nobody was registered");

    let one = invite(&house, &[]);
    assert_done(&alice.cooee(&mqtts, &["sign-up", "alice", "--invite", &one], &[]));
    let again = eve.cooee(&mqtts, &["sign-up", "eve", "--invite", &one], &[]);
    assert_eq!(again.status.code(), Some(3), "it was used up: {}", err(&again));
    let two = invite(&house, &["--uses", "2", "--expires", "1h"]);
    let taken = eve.cooee(&mqtts, &["sign-up", "alice", "--invite", &two], &[]);
    assert_eq!(taken.status.code(), Some(3));
    assert!(err(&taken).contains("the name `alice` is taken"), "{}", err(&taken));
    assert_done(&bob.cooee(&wss, &["sign-up", "bob"], &[("COOEE_INVITE", &two)]));

    // Who is in needs no invite any more.
    assert_done(&alice.cooee(&mqtts, &["send", "bob", "over the network"], &[]));
    let listening = ["listen", "--count", "1", "--timeout", "20s"];
    let heard = bob.cooee(&wss, &listening, &[]);
    assert!(String::from_utf8_lossy(&heard.stdout).contains("over the network"), "{}", err(&heard));
    // On the machine itself no invite is needed, and there is one broker.
    assert_done(&house.cooee(&["sign-up", "carol", "--no-passphrase"]).output().unwrap());
    assert_done(&house.cooee(&["send", "-u", "carol", "bob", "from here"]).output().unwrap());
    let heard = bob.cooee(&mqtts, &listening, &[]);
    assert!(String::from_utf8_lossy(&heard.stdout).contains("from here"), "{}", err(&heard));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_is_given_in_the_form() {
    let house = open_house();
    let (mqtts, _) = addresses(&house).await;
    let (used_up, good) = (invite(&house, &[]), invite(&house, &[]));
    assert_done(&Stranger::new().cooee(&mqtts, &["sign-up", "eve", "--invite", &used_up], &[]));
    let alice = Stranger::new();
    tokio::task::block_in_place(|| {
        let mut terminal = Launch::new(alice.0.path()).env("COOEE_BROKER", &mqtts).start();
        terminal.until_says(&["Sign up", &mqtts]);
        // No display name, no number, no invite.
        terminal.press("alice\r\r\r\r");
        terminal.until_says(&["Left and Right choose"]);
        terminal.press(LEFT);
        terminal.until_says(&["< nothing >"]);
        terminal.press(ENTER);
        terminal.until_says(&["registers nobody without an invite", "paste it here"]);
        terminal.press(&format!("{used_up}\r\r"));
        terminal.until_says(&["does not take the invite"]);
        terminal.press(CTRL_U);
        terminal.press(&format!("{good}\r\r"));
        terminal.until_says(&["alice ●", "connected"]);
        terminal.quit();
    });
    // What is left in the files tells nobody the invite.
    let secret = good.split('.').next().unwrap();
    let stands = |words: &str| {
        let mut grep = std::process::Command::new("grep");
        let done = grep.args(["-r", "-a", "-q", words]).arg(alice.0.path()).status().unwrap();
        done.code().filter(|code| *code < 2).expect("grep reads all") == 0
    };
    assert!(stands("alice") && !stands(secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_kept_at_first_use_and_another_one_is_refused() {
    let house = open_house();
    let (mqtts, _) = addresses(&house).await;
    let fingerprint = house.running().unwrap().network.unwrap().fingerprint;
    let status = house.cooee(&["broker", "status"]).output().unwrap();
    let told = String::from_utf8(status.stdout).unwrap();
    assert!(told.contains(&fingerprint.to_string()) && told.contains(&mqtts), "{told}");

    // Only who asks for it by its fingerprint, or meets it first, takes it.
    let invite = invite(&house, &["--uses", "9"]);
    let secret = invite.split('.').next().unwrap();
    let (trusting, careful) = (Stranger::new(), Stranger::new());
    let other = "ab".repeat(32);
    let refused = careful.cooee(
        &mqtts,
        &["sign-up", "al"],
        &[("COOEE_BROKER_FINGERPRINT", &other), ("COOEE_INVITE", secret)],
    );
    assert_eq!(refused.status.code(), Some(4));
    assert!(err(&refused).contains(&fingerprint.to_string()), "{}", err(&refused));
    assert!(!careful.pins().exists());
    assert_done(&trusting.cooee(&mqtts, &["sign-up", "bo", "--invite", secret], &[]));
    assert_done(&house.cooee(&["sign-up", "me", "--no-passphrase"]).output().unwrap());
    let pins = std::fs::read_to_string(trusting.pins()).unwrap();
    assert!(pins.contains(&fingerprint.to_string()), "{pins}");

    // Another certificate at the same address.
    broker::stop(house.path()).unwrap();
    for file in ["certificate.pem", "key.pem"] {
        std::fs::remove_file(house.path().join("broker").join(file)).unwrap();
    }
    let port: SocketAddr = mqtts.strip_prefix("mqtts://").unwrap().parse().unwrap();
    Network { mqtts: Some(port), ..Network::default() }.save(house.path()).unwrap();
    house.broker().await;
    let changed = house.running().unwrap().network.unwrap().fingerprint;
    assert_ne!(changed, fingerprint);
    let refused = trusting.cooee(&mqtts, &["send", "me", "hello?", "--timeout", "2s"], &[]);
    let words = err(&refused);
    for word in
        ["its certificate has changed", &fingerprint.to_string(), &changed.to_string(), "brokers.json"]
    {
        assert!(words.contains(word), "{words}");
    }
    // Whoever asked finds that it is meant.
    std::fs::remove_file(trusting.pins()).unwrap();
    assert_done(&trusting.cooee(&mqtts, &["send", "me", "hello"], &[]));
}

#[tokio::test]
async fn the_operators_certificate_is_shown_and_its_signer_believed() {
    let house = House::new();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let signer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &signer).unwrap();
    let file = |name: &str, text: String| {
        let path = house.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let certificate = file("mine.pem", certificate.pem());
    let (key, ca) = (file("mine.key", key.serialize_pem()), file("ca.pem", signer.pem()));
    let arguments =
        ["broker", "start", "--network", "127.0.0.1:0", "--certificate", &certificate, "--key", &key];
    assert_done(&house.cooee(&arguments).output().unwrap());
    let port = house.running().unwrap().network.unwrap().mqtts.unwrap().port();
    let url = format!("mqtts://localhost:{port}");
    let (al, secret) = (Stranger::new(), invite(&house, &[]));
    let secret = secret.split('.').next().unwrap();
    let refused = al.cooee(&url, &["sign-up", "al", "--invite", secret], &[]);
    assert!(err(&refused).contains("broker.ca"), "nobody knows the signer: {}", err(&refused));
    assert_done(&al.cooee(&url, &["sign-up", "al", "--invite", secret], &[("COOEE_BROKER_CA", &ca)]));
    assert!(std::fs::read_to_string(al.pins()).unwrap().contains("signed"));
}

#[tokio::test]
async fn plain_mqtt_and_silence_on_the_network_keep_nobody_out() {
    let house = open_house();
    let (mqtts, _) = addresses(&house).await;
    let address: SocketAddr = mqtts.strip_prefix("mqtts://").unwrap().parse().unwrap();
    // Those who begin no handshake wait beside the others.
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let plain = Stranger::new().cooee(&mqtts.replace("mqtts", "mqtt"), &["sign-up", "al"], &[]);
    assert_eq!(plain.status.code(), Some(4), "{}", err(&plain));
    let (invite, al) = (invite(&house, &[]), Stranger::new());
    assert_done(&al.cooee(&mqtts, &["sign-up", "al", "--invite", &invite], &[]));
    // A guest of the network may not even examine.
    let examined = al.cooee(&mqtts, &["doctor"], &[]);
    assert!(err(&examined).contains("0x86"), "{}", err(&examined));
    drop(silent);
}

#[tokio::test]
async fn the_place_is_remembered_and_can_be_closed_again() {
    let house = House::new();
    let start =
        |arguments: &[&str]| house.cooee(&[&["broker", "start"], arguments].concat()).output().unwrap();
    let started = start(&["--network", "127.0.0.1:0"]);
    assert_done(&started);
    let told = String::from_utf8(started.stdout).unwrap();
    assert!(told.contains("mqtts://127.0.0.1:") && told.contains("SHA-256"), "{told}");
    let refused = start(&["--no-network"]);
    assert!(err(&refused).contains("already runs"), "{}", err(&refused));
    house.kill().await;
    house.broker().await;
    assert!(house.running().unwrap().network.is_some(), "whoever starts it next starts the same");
    broker::stop(house.path()).unwrap();
    assert_done(&start(&["--no-network"]));
    assert_eq!(house.running().unwrap().network, None);

    let half = house.cooee(&["broker", "run", "--certificate", "/c.pem"]).output().unwrap();
    assert_eq!(half.status.code(), Some(2), "{}", err(&half));
}
