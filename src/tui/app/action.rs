//! What a key can mean.

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident $name:literal $label:literal;)*) => {
        /// What a key means after the keymap.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $($(#[$doc])* #[doc = $label] $variant,)*
        }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// What the keymap file calls it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What help and footer call it.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

actions! {
    Help "help" "help";
    Quit "quit" "quit";
    Interrupt "interrupt" "clear the text, again brings it back; on an empty line quit";
    Back "back" "back";
    Redraw "redraw" "draw the screen anew";
    Suspend "suspend" "suspend to the shell";
    NextPane "next-pane" "pane";
    PreviousPane "previous-pane" "previous pane";
    ShowContacts "show-contacts" "contacts";
    ShowOnline "show-online" "who is online";
    ShowGroups "show-groups" "groups";
    ShowConversation "show-conversation" "conversation";
    NextChat "next-chat" "next chat";
    PreviousChat "previous-chat" "previous chat";
    NextTab "next-tab" "next group tab";
    PreviousTab "previous-tab" "previous group tab";
    Tab1 "tab-1" "first group tab";
    Tab2 "tab-2" "second group tab";
    Tab3 "tab-3" "third group tab";
    Tab4 "tab-4" "fourth group tab";
    Tab5 "tab-5" "fifth group tab";
    Tab6 "tab-6" "sixth group tab";
    Tab7 "tab-7" "seventh group tab";
    Tab8 "tab-8" "eighth group tab";
    Tab9 "tab-9" "ninth group tab";
    NextUnread "next-unread" "next unread";
    MarkUnread "mark-unread" "mark as unread";
    Archive "archive" "put away, or bring back";
    LastChat "last-chat" "the chat before this one";
    SwitchAccount "switch-account" "next account, or another one";
    Find "find" "find";
    Search "search" "search in help";
    FindAll "find-all" "in all chats";
    OlderHit "older-hit" "older hit";
    NewerHit "newer-hit" "newer hit";
    Jump "jump" "jump";
    NewGroup "new-group" "new group";
    Invite "invite" "invite into this group";
    Members "members" "members of this group";
    Verify "verify" "compare their key";
    AcceptKey "accept-key" "accept their new key";
    MarkVerified "mark-verified" "mark verified";
    TakeBack "take-back" "not verified";
    CompareEmoji "compare-emoji" "compare emoji";
    Same "same" "the same";
    Different "different" "not the same";
    CallOff "call-off" "call off";
    ShowCode "show-code" "QR code";
    PageUp "page-up" "a page up";
    PageDown "page-down" "a page down";
    ScrollUp "scroll-up" "a row up";
    ScrollDown "scroll-down" "a row down";
    Oldest "oldest" "oldest message";
    Newest "newest" "newest message";
    UnreadLine "unread-line" "the first unread message";
    ChooseMessage "choose-message" "choose a message";
    ConnectNow "connect-now" "connect now";
    Info "info" "info";
    TryAgain "try-again" "try again";
    Reply "reply" "reply";
    Edit "edit" "edit";
    Delete "delete" "delete for yourself";
    DeleteForAll "delete-for-all" "delete for everybody";
    React "react" "react";
    Vote "vote" "vote";
    ClosePoll "close-poll" "close your poll";
    Forward "forward" "forward";
    Star "star" "star, or take the star away";
    Pin "pin" "pin for all, or take it down";
    OpenLink "open-link" "open a link";
    GoToOriginal "go-to-original" "go to what it answers";
    ViewPicture "view-picture" "see the picture";
    SaveFile "save-file" "save the file";
    SaveFileAs "save-file-as" "save the file elsewhere";
    StopFile "stop-file" "stop fetching; again throws it away";
    Write "write" "write";
    Send "send" "send";
    NewLine "new-line" "new line";
    Complete "complete" "complete";
    Earlier "earlier" "bring back what you sent before";
    Later "later" "what you sent after that, and at last the draft";
    OpenEditor "editor" "write in your $EDITOR";
    NormalMode "normal-mode" "normal mode: letters are commands";
    WriteHere "write-here" "write";
    WriteAfter "write-after" "write behind the cursor";
    WriteAtStart "write-at-start" "write at the start of the line";
    WriteAtEnd "write-at-end" "write at the end of the line";
    OpenBelow "open-below" "write in a new line below";
    OpenAbove "open-above" "write in a new line above";
    NextWord "next-word" "the next word";
    EndOfWord "end-of-word" "the end of the word";
    Go "go" "twice: the start of the text";
    OperateDelete "operate-delete" "delete what a motion goes over; twice: the line";
    OperateChange "operate-change" "rewrite what a motion goes over; twice: the line";
    OperateCopy "operate-copy" "copy what a motion goes over; twice: the line";
    ChangeToEnd "change-to-end" "rewrite the rest of the line";
    PutAfter "put-after" "put back what was deleted, behind the cursor";
    PutBefore "put-before" "put back what was deleted, before the cursor";
    DeleteBefore "delete-before" "delete before the cursor";
    DeleteAfter "delete-after" "delete after the cursor";
    DeleteWordBefore "delete-word-before" "delete the word before";
    DeleteWordAfter "delete-word-after" "delete the word after";
    DeleteToStart "delete-to-start" "delete to the start of the line";
    DeleteToEnd "delete-to-end" "delete to the end of the line";
    Yank "yank" "put back what was deleted";
    Undo "undo" "undo";
    Redo "redo" "redo";
    Left "left" "left";
    Right "right" "right";
    WordLeft "word-left" "a word left";
    WordRight "word-right" "a word right";
    LineStart "line-start" "start of the line";
    LineEnd "line-end" "end of the line";
    TextStart "text-start" "start of the text";
    TextEnd "text-end" "end of the text";
    SelectLeft "select-left" "select to the left";
    SelectRight "select-right" "select to the right";
    SelectUp "select-up" "select a line up";
    SelectDown "select-down" "select a line down";
    SelectWordLeft "select-word-left" "select a word to the left";
    SelectWordRight "select-word-right" "select a word to the right";
    SelectLineStart "select-line-start" "select to the start of the line";
    SelectLineEnd "select-line-end" "select to the end of the line";
    SelectTextStart "select-text-start" "select to the start of the text";
    SelectTextEnd "select-text-end" "select to the end of the text";
    SelectAll "select-all" "select all of the text";
    Cut "cut" "cut what is selected";
    Copy "copy" "copy";
    /// Up a line of text, or to the entry above.
    Up "up" "up";
    /// Down a line of text, or to the entry below.
    Down "down" "down";
    First "first" "first";
    Last "last" "last";
    Accept "accept" "accept";
    Join "join" "join";
    Decline "decline" "decline";
    NextField "next-field" "next field";
    PreviousField "previous-field" "previous field";
    Toggle "toggle" "change the choice";
    Anyway "anyway" "create it anyway";
    Yes "yes" "yes";
}

impl Action {
    /// The action of this name in the keymap file.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }

    /// The index of the group tab that it picks.
    pub fn tab(self) -> Option<usize> {
        let tabs = [
            Self::Tab1,
            Self::Tab2,
            Self::Tab3,
            Self::Tab4,
            Self::Tab5,
            Self::Tab6,
            Self::Tab7,
            Self::Tab8,
            Self::Tab9,
        ];
        tabs.iter().position(|&tab| tab == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        for &action in Action::ALL {
            assert_eq!(Action::from_name(action.name()), Some(action));
        }
        assert_eq!(Action::from_name("dance"), None);
        assert_eq!(Action::Tab9.tab(), Some(8));
        assert_eq!(Action::Send.tab(), None);
    }
}
