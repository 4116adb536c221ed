// SPDX-License-Identifier: MIT
// Every error the core knows, in one list. Wire garbage is counted and dropped, limits are reported, programmer errors trap.
#ifndef PLK_BASE_ERR_H
#define PLK_BASE_ERR_H

// X(name, what a person is told). The order is the numeric value: append only.
#define PLK_ERR_LIST(X)                                                                \
    X(OK, "done")                                                                      \
    X(MALFORMED, "this is not well formed")                                            \
    X(CUT_OFF, "this was cut off: part of it is missing")                              \
    X(MISTYPED, "this was mistyped: its check sum does not fit")                       \
    X(TOO_NEW, "this comes from a newer version of PeerLink")                          \
    X(TOO_OLD, "this comes from a version of PeerLink that is no longer accepted")     \
    X(FORGED, "the authenticity check failed")                                         \
    X(REPLAYED, "this was seen before")                                                \
    X(SPENT, "the key for this was already used")                                      \
    X(STALE, "this is older than what is already known")                               \
    X(LIMIT, "a limit was reached")                                                    \
    X(BUSY, "busy: the disk has not caught up, try again")                             \
    X(NOT_FOUND, "there is no such thing")                                             \
    X(EXISTS, "this exists already")                                                   \
    X(USED, "this invite link was already used")                                       \
    X(EXPIRED, "this has expired")                                                     \
    X(TOO_LONG, "this is too long")                                                    \
    X(EMPTY, "there is no text")                                                       \
    X(NOT_UTF8, "this is not valid UTF-8")                                             \
    X(BLOCKED, "this contact is blocked")                                              \
    X(SELF, "this is your own invite")                                                 \
    X(NO_ADDRESS, "there is no address at which you can be reached")                   \
    X(NO_PROFILE, "there is no profile yet")                                           \
    X(STALLED, "the disk is full or locked: nothing new is accepted until it is free") \
    X(LOCKED, "the profile is locked")                                                 \
    X(WRONG_KEY, "the passphrase is wrong")                                            \
    X(CORRUPT, "the stored data is damaged")                                           \
    X(CLOSED, "this is closed")                                                        \
    X(UNSUPPORTED, "this is not supported here")                                       \
    X(GAP, "too many messages are missing in between")                                 \
    X(INVALID, "this is not valid")                                                    \
    X(MOVED, "this profile has moved to another device")                               \
    X(TOO_LATE, "this may have reached the other side already")                        \
    X(NO_RELAY, "you have no relay that answers")                                      \
    X(NO_TOKEN, "your relays make no queue for you: they ask for a token")             \
    X(LOST, "a relay has lost what it kept")

enum plk_err {
#define PLK_ERR_NAME(name, text) PLK_ERR_##name,
    PLK_ERR_LIST(PLK_ERR_NAME)
#undef PLK_ERR_NAME
        PLK_ERR_COUNT
};

// One line in plain words; static storage.
const char *plk_err_text(enum plk_err err);

// The name in the list ("CUT_OFF"), for JSON; static storage.
const char *plk_err_name(enum plk_err err);

#endif
