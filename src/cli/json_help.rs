//! What is promised of the lines of JSON, as `cooee listen --help` shows it.

/// What scripts can rely on.
pub(super) const HELP: &str = r##"With --json each line is one object; its `type` says which. Times are RFC 3339 in UTC. A field keeps its name, type and meaning; new fields and new types may be added: pass over what you do not know.

A message (listen, history, find, export, send). `conversation` is `@` and the other person, or `#` and the group, whose id is `group`, or `+` and the open room: there nothing is encrypted, and `from` is only what the topic claims. `delivery` is for our own: "queued" in the outbox, "sent" when the broker has it, "delivered" when the Cooee of everybody it was for has stored it, "read" when it was on their screens (neither in open rooms), "failed" when it was refused or given up. Only where it applies there are `reply_to` (the id of the message it answers), `forwarded`, `edited`, `pinned`, `starred` (true), `disappears_at` (when it is over and taken out), `file` (the `name`, `size` in bytes and `sha256` of the file that it carries: `cooee save` with the `id` fetches it), `poll` (the `question` and the `answers` that it asks to vote on, whether one may choose `many`, whether it is `closed`, and the `votes`: who chose the answers of which numbers, which begin with 1), and `reactions` (who answered it with which sign). A message is told as it stands; `listen --changes` tells it again, with `changed` (true), when something was done with it.
{"type":"message","id":"0193523c-1a00-7000-8000-000000000001","conversation":"@bob","group":null,"from":"bob","text":"hello","sent_at":"2026-11-22T10:41:05.123Z","received_at":"2026-11-22T10:41:06Z","own":false,"delivery":null}

What happened in a group (listen, history, export): `created`, `joined`, `left`; `invited`, `removed`, `promoted` (to an admin) and `demoted` (the `user` who was); `renamed` (the new `name`); `policy` (who may come in, as in a group); `lifetime` (also with one person): how many seconds messages live that are said from then on, as `disappears_after`, null where they stay. `unsupported` is a message that only a newer Cooee can read, `deleted` one that its author took back. `key_changed` and `key_accepted` (in a conversation with one person): another key stands for their name, and that we took it for theirs.
{"type":"invited","id":"0193523c-1a00-7000-8000-000000000001","conversation":"#team","group":"00000001000000000000000000000000","from":"alice","user":"carol","sent_at":"2026-11-22T10:41:05.123Z","received_at":"2026-11-22T10:41:06Z","own":true,"delivery":"queued"}

A person (who, contacts). `registered` is whether they signed up on this broker, as far as is known; `since` is since when they are online; `trust` is "unknown" (no key of theirs is here yet), "not_verified", "verified" or "changed"; `blocked` is whether you blocked them.
{"type":"person","user":"bob","display_name":"Bob","mobile":"+912212345","registered":true,"online":false,"since":null,"last_seen":"2026-11-22T10:41:05.123Z","trust":"not_verified","blocked":false,"own":false}

A group (all that `group` does, and group list). `policy` is "open" or "invite"; `standing` is "member", "invited", "listed" or "left".
{"type":"group","id":"00000001000000000000000000000000","name":"team","owner":"alice","policy":"open","standing":"invited","invited_by":"bob","members":2,"created_at":"2026-11-22T10:41:05.123Z"}

A link into a group (group link). `link` is a secret of whoever is to come in.
{"type":"link","group":"00000001000000000000000000000000","link":"cooee:join/alice/AAAAAQAAAAAAAAAAAAAAAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAgICAgICAgICAgICAgICAg","uses":20,"ends_at":"2026-11-22T10:41:05.123Z"}

A chat (chat disappear). `disappears_after` is how many seconds messages live there, null where they stay.
{"type":"chat","conversation":"@bob","group":null,"disappears_after":86400}

A file that was saved (save). `id` is that of the message that carried it.
{"type":"file","id":"0193523c-1a00-7000-8000-000000000001","path":"/home/alice/Downloads/plan.pdf"}

An open room (room list, join, leave). `joined` is whether you are in it now.
{"type":"room","name":"lobby","conversation":"+lobby","joined":true}

A letter in the outbox (outbox list). `id` is that of the message, whose `text` it has if it is one; `waits_for` is "link", "broker", "listener", "away", "receipt" or "person", `words` the same for people; `open` are those who have not confirmed it.
{"type":"waiting","id":"0193523c-1a00-7000-8000-000000000001","conversation":"@bob","group":null,"text":"hello","delivery":"sent","waits_for":"away","words":"waits for bob to come online","open":["bob"]}

A key (key show, key verify, key accept). `trust` is as above; `ours` is your key in short, `fingerprint` theirs; `code` is what the QR code says. What is not known is null, and of your own key there is `ours` alone. Where `trust` is "changed", `claimed` is the other key, with the same fields.
{"type":"key","user":"bob","own":false,"trust":"not_verified","ours":"0101 0101 0101 0101 0101 0101 0101 0101","fingerprint":"0202 0202 0202 0202 0202 0202 0202 0202","safety_number":"08750 61290","since":"2026-11-22T10:41:05.123Z","code":"cooee-verify:1:alice:bob","claimed":null}

A member (group members). `role` is "owner", "admin", "member", or "invited" for somebody who did not answer yet; their `joined_at` is null.
{"type":"member","group":"00000001000000000000000000000000","user":"alice","role":"owner","joined_at":"2026-11-22T10:41:05.123Z"}"##;
