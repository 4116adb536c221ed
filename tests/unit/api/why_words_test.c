// SPDX-License-Identifier: MIT
// Why the path is the one it is, in words: for each kind of pair the sentence names what stands in the way, and no more.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "api/why_words.h"

static struct plk_contact_view contact;
static struct plk_why_view why;
static char words[PLK_WHY_WORDS_MAX];

static int set_up(void **state) {
    (void)state;
    memset(&contact, 0, sizeof contact);
    memset(&why, 0, sizeof why);
    memcpy(contact.row.name, "Bob", 3);
    contact.row.name_len = 3;
    contact.path = PLK_PATH_RELAY;
    contact.rtt_us = 41400;
    why.relay_host = plk_bytes_text("relay.example");
    why.relay_port = 7447;
    return 0;
}

static const char *between(enum plk_standing own, enum plk_standing theirs) {
    why.own = own;
    why.theirs = theirs;
    plk_why_words(words, &contact, &why, 10 * PLK_SECOND);
    assert_true(strlen(words) < PLK_WHY_WORDS_MAX - 1);
    return words;
}

static void assert_says(const char *text, const char *part) {
    if (strstr(text, part) == NULL) fail_msg("\"%s\" is not in: %s", part, text);
}

static void assert_says_not(const char *text, const char *part) {
    if (strstr(text, part) != NULL) fail_msg("\"%s\" is in: %s", part, text);
}

static void two_that_give_each_connection_another_port(void **state) {
    (void)state;
    between(PLK_STANDING_VARIES, PLK_STANDING_VARIES);
    assert_string_equal(
        words, "Your router and Bob's both give each connection another port: neither side can know where the other "
               "will be, so no direct path can be opened between these two. Messages go through the relay "
               "relay.example:7447, 41 ms there and back.");
}

static void one_that_does(void **state) {
    (void)state;
    assert_says(between(PLK_STANDING_VARIES, PLK_STANDING_NAT), "Your router gives each connection another port");
    assert_says(words, "many ports are tried until two meet");
    why.own_counts = true;
    assert_says(between(PLK_STANDING_VARIES, PLK_STANDING_NAT), "the next port is foretold");
    why.own_counts = false;
    assert_says(between(PLK_STANDING_FIREWALL, PLK_STANDING_VARIES), "Bob's router gives each connection another port");
    assert_says(words, "yours lets in only whom something was sent to");
    assert_says(between(PLK_STANDING_OPEN, PLK_STANDING_VARIES), "a direct path is possible");
    assert_says(between(PLK_STANDING_VARIES, PLK_STANDING_MAPPED), "a direct path is possible");
    assert_says(between(PLK_STANDING_VARIES, PLK_STANDING_NO_UDP), "TCP cannot be opened from both sides");
    assert_says(between(PLK_STANDING_NO_UDP, PLK_STANDING_VARIES), "your network lets out no UDP");
    assert_says(between(PLK_STANDING_UNKNOWN, PLK_STANDING_VARIES), "not known yet");
    assert_says_not(words, "possible");
}

static void two_that_count(void **state) {
    (void)state;
    why.own_counts = why.their_counts = true;
    assert_says(between(PLK_STANDING_VARIES, PLK_STANDING_VARIES), "each side foretells its next one");
    assert_says_not(words, "no direct path");
    why.their_counts = false;
    assert_says(between(PLK_STANDING_VARIES, PLK_STANDING_VARIES), "no direct path can be opened");
}

static void what_is_under_way(void **state) {
    (void)state;
    between(PLK_STANDING_VARIES, PLK_STANDING_NAT);
    assert_says_not(words, "At this moment");
    assert_says_not(words, "failed");
    for (int attempt = PLK_EFFORT_ANEW; attempt <= PLK_EFFORT_GUESS; attempt++) {
        why.effort = (enum plk_effort)attempt;
        assert_says(between(PLK_STANDING_VARIES, PLK_STANDING_NAT), " At this moment ");
    }
    why.effort = PLK_EFFORT_NONE;
    why.failed = 3;
    why.again_us = 70 * PLK_SECOND - PLK_MS;
    assert_says(between(PLK_STANDING_VARIES, PLK_STANDING_NAT),
                "Attempts that failed so far: 3. The next one in 60 s.");
    contact.row.relay_only = true;
    assert_says_not(between(PLK_STANDING_VARIES, PLK_STANDING_NAT), "failed");
}

static void networks_that_let_out_no_udp(void **state) {
    (void)state;
    assert_says(between(PLK_STANDING_NO_UDP, PLK_STANDING_NAT),
                "Your network lets out no UDP: a connection by TCP is tried");
    assert_says(between(PLK_STANDING_FIREWALL, PLK_STANDING_NO_UDP), "Bob's network lets out no UDP");
    assert_says(between(PLK_STANDING_NO_UDP, PLK_STANDING_NO_UDP), "Neither your network nor Bob's lets out UDP");
    contact.path = PLK_PATH_TCP_REVERSE;
    assert_says(between(PLK_STANDING_NO_UDP, PLK_STANDING_NAT), "directly, over TCP. Your network lets out no UDP");
    assert_says(between(PLK_STANDING_NAT, PLK_STANDING_NAT), "UDP, which is better, got no answer");
    assert_says_not(words, "relay");
}

static void what_can_be_opened_is_said_to_be(void **state) {
    (void)state;
    static const enum plk_standing easy[] = {PLK_STANDING_OPEN, PLK_STANDING_MAPPED, PLK_STANDING_FIREWALL,
                                             PLK_STANDING_NAT};
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned k = 0; k < 4; k++) assert_says(between(easy[i], easy[k]), "A direct path should be possible");
        assert_says(between(easy[i], PLK_STANDING_UNKNOWN), "not known yet");
    }
    contact.row.relay_only = true;
    assert_says(between(PLK_STANDING_OPEN, PLK_STANDING_OPEN), "You want Bob to be reached through your relays only.");
    assert_says_not(words, "possible");
}

static void every_path_has_its_words(void **state) {
    (void)state;
    for (int path = PLK_PATH_NONE; path <= PLK_PATH_RELAY; path++) {
        contact.path = (enum plk_path_word)path;
        assert_true(strlen(between(PLK_STANDING_NAT, PLK_STANDING_NAT)) > 20);
        if (path != PLK_PATH_RELAY) assert_says_not(words, "relay");
    }
    why.silent = true;
    assert_says(between(PLK_STANDING_NAT, PLK_STANDING_NAT), "nothing comes back");
    why.relay_host.len = 0;
    contact.rtt_us = 0;
    assert_says(between(PLK_STANDING_NAT, PLK_STANDING_NAT), "Messages go through a relay.");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
        TEST(two_that_give_each_connection_another_port),
        TEST(one_that_does),
        TEST(two_that_count),
        TEST(what_is_under_way),
        TEST(networks_that_let_out_no_udp),
        TEST(what_can_be_opened_is_said_to_be),
        TEST(every_path_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
