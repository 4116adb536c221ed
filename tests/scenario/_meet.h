// SPDX-License-Identifier: MIT
// Two who can never reach each other directly, and meet by a link that leads through relays.
#ifndef SCENARIO_MEET_H
#define SCENARIO_MEET_H

#include "_mailbox.h"

#define MEET_LIMIT (2 * PLK_MINUTE)

struct meet {
    struct world *w;
    struct relayd *relay, *other; // other: once meet_other made it
    struct actor *alice, *bob;    // no packet of the one reaches the other; alice uses the relay
    char link[PLK_LINK_TEXT_MAX];
};

void meet_begin(struct meet *m, struct world *w);
struct relayd *meet_other(struct meet *m);                   // a second relay, nobody's yet
void meet_end(struct meet *m);                               // all stop
void meet_invite(struct meet *m, enum plk_invite_kind kind); // alice's link
uint32_t meet_add(struct meet *m, struct actor *who, const char *note);
void meet_until_friends(struct meet *m, struct actor *a, struct actor *b);

// The state of a contact by its number, 0: there is none.
enum plk_contact_state meet_state(const struct actor *a, uint32_t contact);
void meet_until_state(struct actor *a, uint32_t contact, enum plk_contact_state state);
bool meet_was_told(const struct actor *a, uint32_t contact, enum plk_err reason); // an event CONTACT with this reason
void meet_until_told(struct actor *a, uint32_t contact, enum plk_err reason);
size_t meet_contacts(const struct actor *a);
void meet_talk(struct actor *from, struct actor *to, const char *text); // the relay is all they have
void meet_must(struct actor *a, struct plk_command command);            // it succeeds

#endif
