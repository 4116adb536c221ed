// SPDX-License-Identifier: MIT
// Two toy relays between the two of a mail pair: what src/node does with the box, in the fewest lines. A relay keeps one
// queue for each of them; a test decides which cell is read when, and may read it again, drop it or lose a queue.
#ifndef PLK_TESTS_SUPPORT_MAIL_BOX_H
#define PLK_TESTS_SUPPORT_MAIL_BOX_H

#include "support/mail_pair.h"

enum { MAIL_RELAYS = 2, MAIL_QUEUE_MAX = 600, MAIL_CELL_SMALL = 4051, MAIL_CELL_LARGE = 65491 };

struct mail_queue {
    struct plk_bytes cells[MAIL_QUEUE_MAX]; // owned
    size_t count;
    bool closed; // takes nothing: full, or gone
};

struct mail_boxes {
    struct mail_queue queue[MAIL_RELAYS][2]; // by relay, by whose they are
    bool open[2];                            // by who writes
    unsigned put;                            // cells, both copies counted once
    unsigned notes[2];                       // records without a letter, by who wrote them
    unsigned letters[2];
};

static inline void mail_queue_drop(struct mail_queue *queue, size_t index) {
    free((void *)(uintptr_t)queue->cells[index].at);
    queue->count--;
    memmove(queue->cells + index, queue->cells + index + 1, (queue->count - index) * sizeof queue->cells[0]);
}

static inline void mail_queue_lose(struct mail_queue *queue) {
    while (queue->count > 0) mail_queue_drop(queue, queue->count - 1);
}

static inline void mail_boxes_free(struct mail_boxes *boxes) {
    for (int r = 0; r < MAIL_RELAYS; r++) {
        for (int i = 0; i < 2; i++) mail_queue_lose(&boxes->queue[r][i]);
    }
}

static inline void mail_boxes_open(struct mail_pair *pair, struct mail_boxes *boxes, int from) {
    boxes->open[from] = true;
    plk_mail_box_open(pair->side[from].mail);
    mail_settle(pair, &pair->side[from]);
}

static inline void mail_boxes_close(struct mail_pair *pair, struct mail_boxes *boxes, int from) {
    boxes->open[from] = false;
    plk_mail_box_close(pair->side[from].mail);
}

static inline void mail_boxes_retry(struct mail_pair *pair, int from, bool lost) {
    struct mail_side *side = &pair->side[from];
    plk_mail_box_retry(side->mail, lost);
    mail_settle(pair, side);
    if (plk_batch_full(side->open)) mail_close(pair, side);
}

// A process that begins again knows of no open box.
static inline void mail_boxes_crash(struct mail_pair *pair, struct mail_boxes *boxes, int who) {
    mail_crash(pair, &pair->side[who]);
    if (boxes->open[who]) mail_boxes_open(pair, boxes, who);
}

static inline unsigned mail_boxes_keep(struct mail_boxes *boxes, int to, struct plk_bytes cell) {
    unsigned stored = 0;
    for (int r = 0; r < MAIL_RELAYS; r++) {
        struct mail_queue *queue = &boxes->queue[r][to];
        if (queue->closed || queue->count == MAIL_QUEUE_MAX) continue;
        queue->cells[queue->count++] = toy_copy(cell);
        stored++;
    }
    return stored;
}

// What may leave goes into one cell, a copy of it to each relay that takes it, and mail is told. False: nothing.
static inline bool mail_boxes_put(struct mail_pair *pair, struct mail_boxes *boxes, int from) {
    struct mail_side *side = &pair->side[from];
    struct plk_buf cell = {.at = NULL};
    struct plk_bytes record;
    uint64_t letters[256], letter;
    size_t count = 0, room = MAIL_CELL_SMALL;
    while (count < 256 && plk_mail_box_next(side->mail, side->durable_n, room - cell.len, &record, &letter)) {
        TOY_CHECK(record.len <= room - cell.len);
        plk_buf_put(&side->mem, &cell, record);
        bool is_note = letter == PLK_MAIL_LETTER_NOTE || letter == PLK_MAIL_LETTER_ACKS;
        boxes->notes[from] += is_note;
        boxes->letters[from] += !is_note;
        letters[count++] = letter;
    }
    if (count == 0 && plk_mail_box_next(side->mail, side->durable_n, MAIL_CELL_LARGE, &record, &letter)) {
        plk_buf_put(&side->mem, &cell, record);
        boxes->letters[from]++;
        letters[count++] = letter;
    }
    if (count == 0) return false;
    boxes->put++;
    unsigned stored = mail_boxes_keep(boxes, 1 - from, plk_buf_bytes(&cell));
    plk_buf_free(&side->mem, &cell);
    for (size_t i = 0; i < count; i++) {
        struct plk_mail_turn turn = mail_turn(pair, side);
        plk_mail_boxed(side->mail, &turn, letters[i], stored, MAIL_RELAYS, stored == 0 ? PLK_ERR_LIMIT : PLK_ERR_OK);
        mail_settle(pair, side);
        if (plk_batch_full(side->open)) mail_close(pair, side);
    }
    return true;
}

// The owner reads a cell; it stays where it is.
static inline void mail_boxes_read(struct mail_pair *pair, struct mail_boxes *boxes, int relay, int owner,
                                   size_t index) {
    struct mail_side *side = &pair->side[owner];
    struct plk_message_feed feed;
    struct plk_bytes record;
    plk_message_feed_init(&feed, &side->mem, PLK_CIPHERTEXT_RECORD_MAX);
    plk_message_feed_push(&feed, boxes->queue[relay][owner].cells[index]);
    while (plk_message_feed_next(&feed, &record) == PLK_ERR_OK) {
        mail_take_record(pair, side, 1, record);
        if (plk_batch_full(side->open)) mail_close(pair, side);
    }
    plk_message_feed_free(&feed);
}

// The owner reads what a relay has, and acknowledges it once it is durable.
static inline bool mail_boxes_fetch(struct mail_pair *pair, struct mail_boxes *boxes, int relay, int owner) {
    struct mail_queue *queue = &boxes->queue[relay][owner];
    if (queue->count == 0) return false;
    for (size_t i = 0; i < queue->count; i++) mail_boxes_read(pair, boxes, relay, owner, i);
    mail_flush(pair, &pair->side[owner]);
    mail_queue_lose(queue);
    return true;
}

static inline void mail_boxes_tick(struct mail_pair *pair, uint64_t us) {
    mail_wait(pair, us);
    for (int i = 0; i < 2; i++) {
        struct mail_side *side = &pair->side[i];
        struct plk_mail_turn turn = mail_turn(pair, side);
        if (plk_mail_deadline(side->mail, pair->now) <= pair->now.mono_us) plk_mail_tick(side->mail, &turn);
        mail_settle(pair, side);
    }
}

// Both go on by relays alone until nothing moves for a while. False: it never rests.
static inline bool mail_boxes_run(struct mail_pair *pair, struct mail_boxes *boxes) {
    unsigned quiet = 0;
    for (unsigned round = 0; round < 5000 && quiet < 3; round++) {
        quiet++;
        for (int i = 0; i < 2; i++) {
            mail_flush(pair, &pair->side[i]);
            while (mail_boxes_put(pair, boxes, i)) quiet = 0;
        }
        for (int i = 0; i < 2; i++) {
            for (int r = 0; r < MAIL_RELAYS; r++) {
                if (mail_boxes_fetch(pair, boxes, r, i)) quiet = 0;
            }
        }
        mail_boxes_tick(pair, 5 * PLK_SECOND);
    }
    return quiet == 3;
}

#endif
