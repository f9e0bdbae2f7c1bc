//! What is promised about secrecy, to whom and against whom, and what is not.
//!
//! # How it is done
//!
//! A user is an Ed25519 key, made at sign-up. It signs their profile, which names their devices; each device has
//! an Olm account of its own and signs the keys that it publishes. What is said to a person is sealed with Olm
//! for each of their devices; what is said in a group with a Megolm session of the speaking device, whose key
//! goes to the members over Olm. Who writes to whom stands inside again and is checked against the keys that
//! opened it. At rest everything lies in SQLCipher under a random key, which a passphrase seals
//! or the keyring of the desktop holds ([`vault`](super::vault)). None of the cryptography is our own: vodozemac, argon2, chacha20poly1305, SQLCipher
//! and rustls do it.
//!
//! The first key that is met for a name is the one that its owner is known by. Another one never takes its place
//! by itself: nothing is sent until a person decides, and it is written into the conversation. Whether the first
//! one was right shows when two people compare it ([`verify`](super::verify)).
//!
//! # Against whom
//!
//! | attacker | promised | not promised |
//! |---|---|---|
//! | somebody on the network | content and integrity, with TLS and without | timing, and without TLS all that the broker sees |
//! | the broker | it reads no message, receipt, invitation or name of a group by invitation; what it forges, alters, swaps or replays is refused, or shown once | who writes to whom, when, and the order of size; dropping and delaying; **its own key on a first contact that nobody verified** |
//! | another user of the broker | they write in nobody's name | on brokers without access rules they see what the broker sees, and can disturb |
//! | whoever gets the files | they have to guess the passphrase (argon2id, 64 MiB); where the keyring holds the key there is nothing to guess in them | a weak passphrase; none at all; a keyring that lies beside the files and opens with a weak password, and programs that ask an unlocked one; a machine that somebody else controls while one is signed in |
//! | a member of a group | they speak for nobody else, and take no rights: who is in, who decides and what it is called follows from what the owner and the admins signed | they can pass on what they read, and tell different people different things |
//! | an admin of a group | they decide about members, never about the owner or another admin; what goes further than one document may counts for nothing, and the owner can dismiss them | that they use their rights well |
//! | who left a group or was put out | they read nothing that is sealed after the others know, and are not heard by whoever knows | what was sealed before each of them knew |
//! | whoever had a device for a moment | what is said to a person heals at the next turn of the conversation, in groups with the next key: after 200 messages, 7 days, or when somebody leaves | immediate healing in groups |
//! | somebody with a copy of the files | the copy is noticed at the next sign-in of either, both become devices of their own with new keys | that, when the broker hides from each that the other was there, and no keyring holds the key: that of one machine tells also then, of all that happened before the account was last opened or closed |
//!
//! # What is not encrypted on purpose
//!
//! What is said in an open room (`cooee/1/open/<room>/<from>`, written `+room`): it is for scripts and devices, and
//! one that can only publish text could keep no key. Everybody on the broker, and whoever is on the way to it
//! without TLS, can read it, and write it; on a broker without access rules under any name, which is why a speaker
//! there is written `~name`, whoever it is, and why what comes in under our own name proves nothing. Nothing there is
//! signed, confirmed by a recipient, or kept from being altered, dropped, or told again as something new.
//!
//! The two never mix. A room stays a room, says so in its title and above the composer, and cannot be turned into
//! anything else; whoever writes there has chosen a place that is called open. A plain text on the topic of an
//! inbox or a group is refused, whatever it claims, and so is an envelope in a room; no id that was seen in a room
//! hides anything that is sealed. At rest what was said there is encrypted as all else is.
//!
//! # Known limits
//!
//! - There is no post-quantum protection, neither end to end nor in TLS.
//! - First messages have no forward secrecy until the device renews its fallback key and forgets the one before,
//!   in one to two weeks. One-time keys are not used: no broker hands each of them out once.
//! - Names, display names, mobile numbers, who is online, who is typing, and the cards of open groups with their
//!   members are published on purpose, in the clear. Presence and typing are not signed.
//! - Into an open group anybody may come, also whoever was put out of it: who must stay out needs a group by
//!   invitation. Its card is as public as the group: each part of it is signed, and it tells the members.
//! - Whoever is told less of a group than others, because a broker or a member holds it back, notices it when
//!   somebody speaks there who knows more, and asks them.
//! - Whoever writes a false presence record for a device of ours makes us take it for a copied account at the next
//!   sign-in: a nuisance that costs a second sign-in, and possible only on brokers without access rules.
//! - A device whose published keys the broker withholds gets nothing until they are here.
//! - Olm messages can be denied; profiles and what is said in groups are signed.
//! - Lengths are padded; a text of one word and one of twenty look alike, a page does not.
//! - Files ([`file`](super::file)) are sealed with a key each, which is in the message that offers them. Their parts are
//!   not padded: the broker sees how many go from whom to whom, and so how long a file is, not which it is or what it is
//!   called. Whoever has the message has the key for as long as they keep it; taking a message back takes the sealed
//!   copy and the key from every Cooee that obeys, and what was saved is out. Their key does not heal: whoever stole it
//!   from an account can open the parts if they kept them.
//! - What is edited or taken back is asked of the Cooee of everybody who got it: who has read it has read it, and
//!   another program may keep what it was. Only who wrote a message can do that, and every receiver sees to it.
//! - A message that disappears is taken out by the Cooee of everybody who got it, and overwritten; that the broker
//!   forgets it is asked of the broker, which sees when it is to, and so how long messages live there. Whoever got it
//!   can keep it, and what a stolen key would open of it stays as open as the points above say.
//! - Whoever has a link into a group can ask to be let in until it ends, and is. It is a secret of a kind that is
//!   passed on: who came in by it everybody in the group sees.
//! - What leaves Cooee by a person's wish is out: a draft lies in the open, in a private file, while their own editor
//!   has it; what is copied goes to the terminal's clipboard; what calls on the desktop shows its words, unless
//!   `alerts.content` is off; with `log.history` all that stays is written into files in clear, and nothing is taken
//!   out of them.
