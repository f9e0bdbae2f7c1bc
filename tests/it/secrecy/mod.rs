//! What is promised of secrecy, entry by entry: on `crypto` and `protocol` as a library, on a real store where
//! what was opened is told apart by it, and in sessions on a real broker where the engine has the last word.
//!
//! | what must hold | shown in |
//! |---|---|
//! | *Vectors* | |
//! | signed documents, envelopes, what is inside, tags | `vectors` |
//! | stored keys of today stay readable | `vectors::stored_keys_of_today_stay_readable` |
//! | safety number | `crypto/verify` |
//! | group documents and their merges | `crypto/groups` |
//! | *Properties* | |
//! | any permutation, duplication and loss delivers at most once, and never the wrong text | `laws` |
//! | crossed sessions | `laws::crossed_sessions_carry_everything_in_any_interleaving` |
//! | no second encryption on retry | `session::nothing_is_encrypted_a_second_time_on_retry` |
//! | a crash between every pair of steps | `cli/crash` |
//! | no plaintext accepted after encryption | `session::a_plain_message_inside_an_encrypted_chat_is_refused`, in the sessions `rooms::nothing_said_in_the_open_…` |
//! | *Adversarial* | |
//! | torsion and top-bit variants of first messages | `keys::torsion_…`, `keys::an_altered_first_message_…` |
//! | a first message with an altered base key ends with one message and no session | `keys`, `laws`, `session::a_replayed_first_message_…` |
//! | all-zero and low-order keys in profiles, bundles, messages | `keys::all_zero_…` |
//! | lower profile version, a foreign key at a known name | `engine/people` |
//! | bundle signed by another device | `documents::a_bundle_signed_by_another_device_is_refused` |
//! | signature of another type | `documents::a_signature_of_another_type_is_refused` |
//! | unknown-key-share | `places::unknown_key_share_…`, `session::replay_across_chats_…` |
//! | replay across chats | `places::replay_across_chats_…`, `session::replay_across_chats_…` |
//! | Megolm session bound to another group or sender | `places::a_megolm_session_…`, `session::what_was_said_in_one_group_…` |
//! | the same index with new ciphertext; another spelling of the same | `rollback::the_same_megolm_index_…`, `groups::another_spelling_…` |
//! | gaps of 40/41 and 2,000/2,001 | `gaps` |
//! | sender and receiver rolled back | `rollback` |
//! | swapped database records | `places::swapped_database_records_…`, `places::records_of_one_kind_…` |
//! | truncated and flipped records | `fuzz::stored_blobs` |
//! | escape sequences | `bombs::escape_sequences_…` |
//! | JSON depth and size bombs | `bombs` |
//! | *Fuzz* | |
//! | everything that reads foreign bytes, and the merge of group documents | `fuzz` |
//! | *Live brokers* | `tests/brokers/run` |

mod bombs;
mod documents;
mod fuzz;
mod gaps;
mod groups;
mod keys;
mod laws;
mod places;
mod rollback;
mod session;
mod storage;
mod support;
mod vectors;
