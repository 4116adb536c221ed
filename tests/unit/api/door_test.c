// SPDX-License-Identifier: MIT
// Tickets are good once and for a minute; keys outlive the node, in their own home only.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/door.h"
#include "host/entropy.h"
#include "support/tempdir.h"

static void take_once(void **state) {
    struct plk_door door;
    char ticket[PLK_DOOR_TICKET_LEN + 1], other[PLK_DOOR_TICKET_LEN + 1];
    assert_int_equal(plk_door_open(&door, *state, NULL), PLK_FAULT_NONE);
    plk_door_ticket(&door, 1000, ticket);
    plk_door_ticket(&door, 1000, other);
    assert_string_not_equal(ticket, other);
    assert_false(plk_door_take(&door, 1000, plk_bytes(ticket, PLK_DOOR_TICKET_LEN - 1)));
    assert_false(plk_door_take(&door, 1000, plk_bytes(NULL, 0)));
    assert_false(plk_door_was_taken(&door, plk_bytes_text(ticket)));
    assert_true(plk_door_take(&door, 1000, plk_bytes_text(ticket)));
    assert_true(plk_door_was_taken(&door, plk_bytes_text(ticket)));
    assert_false(plk_door_take(&door, 1000, plk_bytes_text(ticket)));
    assert_true(plk_door_take(&door, 1000 + PLK_DOOR_TICKET_MS - 1, plk_bytes_text(other)));
}

static void not_after_a_minute(void **state) {
    struct plk_door door;
    char ticket[PLK_DOOR_TICKET_LEN + 1];
    assert_int_equal(plk_door_open(&door, *state, NULL), PLK_FAULT_NONE);
    plk_door_ticket(&door, 1000, ticket);
    assert_false(plk_door_take(&door, 1000 + PLK_DOOR_TICKET_MS, plk_bytes_text(ticket)));
    assert_false(plk_door_was_taken(&door, plk_bytes_text(ticket)));
}

static void only_the_newest_are_kept(void **state) {
    struct plk_door door;
    char first[PLK_DOOR_TICKET_LEN + 1], ticket[PLK_DOOR_TICKET_LEN + 1];
    assert_int_equal(plk_door_open(&door, *state, NULL), PLK_FAULT_NONE);
    // No place is empty text that could be sent.
    static const char zeros[PLK_DOOR_TICKET_LEN];
    assert_false(plk_door_take(&door, 0, plk_bytes(zeros, sizeof zeros)));
    plk_door_ticket(&door, 0, first);
    for (int i = 0; i < PLK_DOOR_TICKETS_MAX; i++) plk_door_ticket(&door, 0, ticket);
    assert_false(plk_door_take(&door, 0, plk_bytes_text(first)));
    assert_true(plk_door_take(&door, 0, plk_bytes_text(ticket)));
}

static void keys_are_of_a_home(void **state) {
    struct plk_door door, again;
    struct stat about;
    char key[PLK_DOOR_KEY_LEN + 1], other[PLK_DOOR_KEY_LEN + 1], path[1200];
    assert_int_equal(plk_door_open(&door, *state, NULL), PLK_FAULT_NONE);
    plk_door_key(&door, key);
    plk_door_key(&door, other);
    assert_string_not_equal(key, other);
    assert_int_equal(strlen(key), PLK_DOOR_KEY_LEN);
    assert_int_equal(plk_door_open(&again, *state, NULL), PLK_FAULT_NONE);
    assert_true(plk_door_knows(&again, plk_bytes_text(key)));
    assert_true(plk_door_knows(&again, plk_bytes_text(other)));
    for (size_t i = 0; i < PLK_DOOR_KEY_LEN; i++) {
        key[i] ^= 1;
        assert_false(plk_door_knows(&again, plk_bytes_text(key)));
        key[i] ^= 1;
    }
    assert_false(plk_door_knows(&again, plk_bytes(key, PLK_DOOR_KEY_LEN - 1)));
    snprintf(path, sizeof path, "%s/" PLK_DOOR_SECRET_NAME, (const char *)*state);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(remove(path), 0);
    assert_int_equal(plk_door_open(&again, *state, NULL), PLK_FAULT_NONE);
    assert_false(plk_door_knows(&again, plk_bytes_text(key)));
}

static int make(void **state) {
    static char path[64];
    plk_entropy_start();
    tempdir_make(path);
    *state = path;
    return 0;
}

static int take_away(void **state) {
    tempdir_remove(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(take_once, make, take_away),
        cmocka_unit_test_setup_teardown(not_after_a_minute, make, take_away),
        cmocka_unit_test_setup_teardown(only_the_newest_are_kept, make, take_away),
        cmocka_unit_test_setup_teardown(keys_are_of_a_home, make, take_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
