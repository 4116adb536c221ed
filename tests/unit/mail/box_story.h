// SPDX-License-Identifier: MIT
// What the stories of boxes share: two relays between Alice and Bob.
#ifndef PLK_TESTS_UNIT_MAIL_BOX_STORY_H
#define PLK_TESTS_UNIT_MAIL_BOX_STORY_H

#include "support/mail_box.h"
#include "unit/mail/story.h"

static struct mail_boxes boxes;
static struct toy_disk before;

static inline int build(void **state) {
    boxes = (struct mail_boxes){.put = 0};
    return set_up(state);
}

static inline int clear(void **state) {
    mail_boxes_free(&boxes);
    toy_clear(&before);
    return tear_down(state);
}

#undef STORY
#define STORY(name) cmocka_unit_test_setup_teardown(name, build, clear)

static inline const struct plk_message_row *stored_row(const struct mail_side *side, uint64_t number,
                                                       struct plk_message_row *row) {
    struct plk_message_row *rows;
    size_t count = mail_history(&side->disk, PLK_OUT, &rows);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].row == number) *row = rows[i];
    }
    free(rows);
    return row;
}

static inline void put_all(int from) {
    mail_flush(&pair, &pair.side[from]);
    while (mail_boxes_put(&pair, &boxes, from)) mail_flush(&pair, &pair.side[from]);
    mail_flush(&pair, &pair.side[from]);
}

static inline void fetch_all(int owner) {
    for (int r = 0; r < MAIL_RELAYS; r++) mail_boxes_fetch(&pair, &boxes, r, owner);
}

static inline void nobody_is_there(void) {
    acquaint();
    mail_cut(&pair);
    mail_boxes_open(&pair, &boxes, ALICE);
    mail_boxes_open(&pair, &boxes, BOB);
}

#endif
