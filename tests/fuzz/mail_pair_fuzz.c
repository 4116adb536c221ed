// SPDX-License-Identifier: MIT
// Two mails, a link, two relays and two disks under a schedule made of the input's bytes: letters, batches, deliveries, plugs pulled, disks
// rolled back, links replayed and forged, re-keys. At any moment nothing is shown twice or falsely called delivered; and once
// the two may talk undisturbed, all that is still written on its sender's disk has arrived, in order.
#include <stddef.h>
#include <stdint.h>

#include "support/mail_box.h"
#include "support/mail_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 400, OLD_RECORDS = 16 };

struct world {
    struct mail_pair pair;
    struct mail_boxes boxes;
    struct toy_disk before[2];
    bool has_before[2];
    bool rolled_back; // and not healed since
    bool disturbed;   // rolled back, forged or lied to, ever
    bool lied
        [2]; // meanwhile this side was told that the other has what it may have lost: that one's order is its own fault
    size_t checked[2]; // writes of the disks that were looked at last
    struct plk_bytes old[OLD_RECORDS];
    size_t old_count;
};

struct script {
    const uint8_t *at;
    size_t left;
};

static uint8_t next(struct script *script) {
    if (script->left == 0) return 0;
    script->left--;
    return *script->at++;
}

static void remember_record(struct world *w, struct plk_bytes record) {
    struct plk_bytes *slot = &w->old[w->old_count++ % OLD_RECORDS];
    free((void *)(uintptr_t)slot->at);
    *slot = toy_copy(record);
}

// A ciphertext that went over the link once, perhaps changed, comes again to either side.
static void replay(struct world *w, struct mail_side *side, uint8_t choice) {
    struct plk_bytes record = w->old[choice % OLD_RECORDS];
    if (record.len == 0 || side->mail == NULL) return;
    struct plk_bytes copy = toy_copy(record);
    if ((choice & 0x80) != 0) ((uint8_t *)(uintptr_t)copy.at)[choice % copy.len] ^= choice;
    mail_take_record(&w->pair, side, 1, copy);
    free((void *)(uintptr_t)copy.at);
}

// An ack of the current stream that the peer never sent: numbers, ranges, and a chain hash that cannot fit.
static size_t false_acks(const struct mail_side *side, struct script *script, uint8_t *out, size_t cap) {
    struct plk_ack ack = {.contiguous = next(script) % 8, .range_count = next(script) % 3};
    struct plk_writer w = plk_writer(out, cap);
    memcpy(ack.device, side->device, PLK_DEVICE_LEN);
    memcpy(ack.epoch, plk_mail_epoch(side->mail), PLK_EPOCH_LEN);
    if (ack.contiguous > 0) memset(ack.chain, next(script), PLK_MESSAGE_HASH_LEN);
    uint64_t before = ack.contiguous;
    for (unsigned i = 0; i < ack.range_count; i++) {
        ack.ranges[i].first = before + 2 + next(script) % 4;
        ack.ranges[i].last = before = ack.ranges[i].first + next(script);
    }
    plk_message_acks_encode(&w, &ack, 1);
    return w.len;
}

// What a peer may claim without knowing anything.
static void lie(struct world *w, struct mail_side *side, struct script *script) {
    uint8_t record[128];
    size_t len = 1 + next(script) % 63;
    record[0] = next(script) % 5;
    if (record[0] == PLK_CONTROL_ACKS) {
        len = 1 + false_acks(side, script, record + 1, sizeof record - 1);
        int who = side == &w->pair.side[1];
        w->lied[who] = w->lied[who] || w->rolled_back;
    } else {
        for (size_t i = 1; i < len; i++) record[i] = next(script);
    }
    mail_take_record(&w->pair, side, 0, plk_bytes(record, len));
}

static void write_letter(struct world *w, int who, struct script *script) {
    static uint8_t text[PLK_BODY_MAX];
    uint8_t choice = next(script);
    size_t len = 1 + choice % 64;
    if (choice == 255) len = PLK_BODY_MAX;
    if (choice == 254) len = 30000;
    memset(text, 'a' + who, len);
    text[0] = choice;
    mail_write(&w->pair, who, (choice & 7) == 7 ? PLK_BODY_PROFILE : PLK_BODY_TEXT, plk_bytes(text, len));
}

static void keep_records(struct world *w, const struct mail_side *side) {
    struct plk_bytes record;
    struct plk_message_feed feed;
    struct plk_mem mem = {.take = memory_take, .give = memory_give};
    plk_message_feed_init(&feed, &mem, PLK_CIPHERTEXT_RECORD_MAX);
    plk_message_feed_push(&feed, plk_buf_bytes(&side->out[1]));
    if (plk_message_feed_next(&feed, &record) == PLK_ERR_OK) remember_record(w, record);
    plk_message_feed_free(&feed);
}

// Only what is on the disks is looked at: nothing new as long as nothing was written.
static void check(struct world *w) {
    size_t writes[2] = {w->pair.side[0].disk.writes, w->pair.side[1].disk.writes};
    if (w->rolled_back || memcmp(writes, w->checked, sizeof writes) == 0) return;
    for (int i = 0; i < 2; i++) mail_check_now(&w->pair, i);
    memcpy(w->checked, writes, sizeof writes);
}

static void heal(struct world *w) {
    mail_heal(&w->pair);
    for (int i = 0; i < 2; i++) {
        if (w->lied[i]) {
            mail_check_delivered(&w->pair, i);
        } else {
            mail_check_end(&w->pair, i);
        }
    }
    w->rolled_back = w->lied[0] = w->lied[1] = false;
}

static void tick(struct world *w, struct mail_side *side, uint8_t choice) {
    mail_wait(&w->pair, choice < 200 ? choice * 10 * PLK_MS : choice < 250 ? PLK_HOUR : PLK_DAY);
    struct plk_mail_turn turn = mail_turn(&w->pair, side);
    plk_mail_left(side->mail, w->pair.now, side->given_len);
    plk_mail_tick(side->mail, &turn);
    mail_settle(&w->pair, side);
}

static void roll_back(struct world *w, struct mail_side *side, const struct toy_disk *before) {
    mail_roll_back(&w->pair, side, before);
    w->boxes.open[side == &w->pair.side[1]] = false;
    w->rolled_back = w->disturbed = true;
}

static void cancel(struct world *w, int who, uint64_t row) {
    struct mail_side *side = &w->pair.side[who];
    struct plk_mail_turn turn = mail_turn(&w->pair, side);
    enum plk_err err = plk_mail_cancel(side->mail, &turn, row);
    mail_settle(&w->pair, side);
    if (err != PLK_ERR_OK) return;
    // A disk from before would bring the message back, behind those that were sent meanwhile.
    mail_flush(&w->pair, side);
    w->has_before[who] = false;
}

static void interfere(struct world *w, struct mail_side *side, struct script *script) {
    w->disturbed = true;
    if ((next(script) & 1) != 0) {
        replay(w, side, next(script));
    } else {
        lie(w, side, script);
    }
}

static void mend(struct world *w, int who, struct script *script) {
    if (w->pair.side[who].wants_rekey) {
        mail_key(&w->pair, who, PLK_MAIL_BEGIN_REKEY);
    } else if (next(script) == 255) {
        heal(w);
    } else {
        mail_run(&w->pair);
    }
}

static void keep_disk(struct world *w, int who) {
    toy_clone(&w->before[who], &w->pair.side[who].disk);
    w->has_before[who] = true;
}

static void give_out(struct world *w, struct mail_side *side) {
    mail_give_out(&w->pair, side);
    keep_records(w, side);
}

// One cell of many is read, again perhaps, or dropped.
static void one_cell(struct world *w, int owner, uint8_t choice, bool drop) {
    int relay = choice & 1;
    struct mail_queue *queue = &w->boxes.queue[relay][owner];
    if (queue->count == 0) return;
    size_t index = (choice >> 1) % queue->count;
    if (drop) {
        mail_queue_drop(queue, index);
    } else {
        mail_boxes_read(&w->pair, &w->boxes, relay, owner, index);
    }
}

static void lose_relay(struct world *w, int owner, uint8_t choice) {
    mail_queue_lose(&w->boxes.queue[choice & 1][owner]);
    if ((choice & 2) != 0) mail_boxes_retry(&w->pair, 1 - owner, true);
}

static void use_box(struct world *w, int who, struct script *script) {
    struct mail_pair *pair = &w->pair;
    uint8_t choice = next(script);
    uint8_t rest = choice >> 3;
    switch (choice & 7) {
    case 0:
        if (w->boxes.open[who] && rest < 8) {
            mail_boxes_close(pair, &w->boxes, who);
        } else {
            mail_boxes_open(pair, &w->boxes, who);
        }
        break;
    case 1:
        mail_flush(pair, &pair->side[who]);
        mail_boxes_put(pair, &w->boxes, who);
        break;
    case 2:
        one_cell(w, who, rest, false);
        break;
    case 3:
        mail_boxes_fetch(pair, &w->boxes, rest & 1, who);
        break;
    case 4:
        one_cell(w, who, rest, true);
        break;
    case 5:
        lose_relay(w, who, rest);
        break;
    case 6:
        w->boxes.queue[rest & 1][who].closed = (rest & 2) != 0;
        mail_boxes_retry(pair, 1 - who, false);
        break;
    default:
        mail_boxes_tick(pair, rest * PLK_SECOND);
    }
}

// Nothing was rolled back and nobody lied: then relays alone will do, whatever they lost before, once they say so.
static void heal_by_relays(struct world *w) {
    for (int i = 0; i < 2; i++) {
        if (w->pair.side[i].wants_rekey || plk_mail_is_stopped(w->pair.side[i].mail)) return;
    }
    mail_cut(&w->pair);
    for (int i = 0; i < 2; i++) {
        for (int r = 0; r < MAIL_RELAYS; r++) w->boxes.queue[r][i].closed = false;
        mail_boxes_open(&w->pair, &w->boxes, i);
        mail_boxes_retry(&w->pair, i, true);
    }
    TOY_CHECK(mail_boxes_run(&w->pair, &w->boxes));
    for (int i = 0; i < 2; i++) mail_check_now(&w->pair, i);
    bool rekey = w->pair.side[0].wants_rekey || w->pair.side[1].wants_rekey;
    for (int i = 0; i < 2 && !rekey; i++) mail_check_end(&w->pair, i);
}

static void step(struct world *w, uint8_t action, struct script *script) {
    struct mail_pair *pair = &w->pair;
    int who = action & 1;
    struct mail_side *side = &pair->side[who];
    switch (action >> 1 & 15) {
    case 0:
    case 1:
        if ((action & 0x80) != 0) {
            use_box(w, who, script);
        } else {
            write_letter(w, who, script);
        }
        break;
    case 2:
        mail_close(pair, side);
        break;
    case 3:
        mail_store(pair, side, 1 + next(script) % 3);
        break;
    case 4:
        give_out(w, side);
        break;
    case 5:
        mail_carry(pair, who, 0, SIZE_MAX);
        break;
    case 6:
        mail_carry(pair, who, 1, 1 + 16u * next(script));
        break;
    case 7:
        mail_boxes_crash(pair, &w->boxes, who);
        break;
    case 8:
        mail_connect(pair);
        break;
    case 9:
        mail_cut(pair);
        break;
    case 10:
        keep_disk(w, who);
        break;
    case 11:
        if (w->has_before[who]) roll_back(w, side, &w->before[who]);
        break;
    case 12:
        tick(w, side, next(script));
        break;
    case 13:
        cancel(w, who, next(script) % 32);
        break;
    case 14:
        interfere(w, side, script);
        break;
    default:
        mend(w, who, script);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct world w;
    struct script script = {data, size};
    memset(&w, 0, sizeof w);
    mail_pair_init(&w.pair);
    for (unsigned i = 0; i < STEPS_MAX && script.left > 0; i++) {
        step(&w, next(&script), &script);
        check(&w);
    }
    if (!w.disturbed) heal_by_relays(&w);
    heal(&w);
    mail_boxes_free(&w.boxes);
    mail_pair_free(&w.pair);
    for (int i = 0; i < 2; i++) toy_clear(&w.before[i]);
    for (size_t i = 0; i < OLD_RECORDS; i++) free((void *)(uintptr_t)w.old[i].at);
    return 0;
}
