// SPDX-License-Identifier: MIT
// Two sides and a post office that loses, doubles, delays and damages; both may be killed at any time, and time passes.
// What is read is what was written, nothing is read twice, no failure changes anything (support/talker.h), a letter
// that was never read is never said to be, and as long as nothing is too old or too much, every letter is read.
#include <stdint.h>

#include "base/reader.h"
#include "support/talker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Most inputs write few letters, which is quick; those whose first byte says so reach every limit.
enum { LETTERS_MAX = 2500, LETTERS_FEW = 300, STEPS_MAX = 250, STRICT_MAX = 900, CHECK_EVERY = 16 };

struct post {
    struct letter letter;
    uint8_t to;
    bool read;
};

static struct {
    struct talker side[2];
    struct post posts[LETTERS_MAX];
    size_t count, count_max;
    bool aged; // time has passed: old keys may be gone
} world;

static size_t text_of(size_t number, uint8_t text[TALKER_TEXT_MAX]) {
    size_t len = 8 + number * 7 % (TALKER_TEXT_MAX - 8);
    uint64_t word = number;
    memset(text, (int)number, len);
    memcpy(text, &word, sizeof word);
    return len;
}

static void write_letters(uint8_t from, size_t count) {
    struct talker *t = &world.side[from];
    while (count-- > 0 && world.count < world.count_max && plk_ratchet_can_send(&t->ratchet)) {
        struct post *post = &world.posts[world.count];
        uint8_t text[TALKER_TEXT_MAX];
        uint32_t ahead = plk_ratchet_ahead(&t->ratchet);
        enum plk_err err = talker_write(t, plk_bytes(text, text_of(world.count, text)), &post->letter);
        plk_assert((err == PLK_ERR_LIMIT) == (ahead == PLK_RATCHET_HARD_AHEAD));
        if (err != PLK_ERR_OK) return;
        post->to = !from;
        post->read = false;
        world.count++;
    }
}

static bool must_be_read(const struct post *post) {
    const struct plk_ratchet *r = &world.side[post->to].ratchet;
    return !world.aged && world.count <= STRICT_MAX && post->letter.place.chain + PLK_RATCHET_OLD_MAX >= r->recv_id;
}

static void deliver(struct post *post, bool tell) {
    struct talker *t = &world.side[post->to];
    uint8_t text[TALKER_TEXT_MAX], expected[TALKER_TEXT_MAX];
    struct plk_ratchet_got got;
    bool must = must_be_read(post);
    enum plk_err err = talker_hear(t, plk_bytes(post->letter.at, post->letter.len), text, &got);
    if (err == PLK_ERR_OK) {
        size_t len = text_of((size_t)(post - world.posts), expected);
        plk_assert(!post->read && got.text_len == len && memcmp(text, expected, len) == 0);
        plk_assert(got.place.chain == post->letter.place.chain && got.place.n == post->letter.place.n);
        post->read = true;
        if (tell) plk_ratchet_peer_has(&world.side[!post->to].ratchet, post->letter.place);
        if (tell) talker_save(&world.side[!post->to]);
        return;
    }
    plk_assert(err == PLK_ERR_SPENT || err == PLK_ERR_EXPIRED || err == PLK_ERR_FORGED || err == PLK_ERR_GAP);
    if (post->read) {
        plk_assert(err != PLK_ERR_GAP);
        plk_assert(!must || err == PLK_ERR_SPENT);
    } else {
        plk_assert(err != PLK_ERR_SPENT && !must);
    }
}

static void damage(const struct post *post, size_t at, uint8_t with) {
    uint8_t text[TALKER_TEXT_MAX];
    struct plk_ratchet_got got;
    struct letter letter = post->letter;
    letter.at[at % letter.len] ^= with == 0 ? 1 : with;
    enum plk_err err = talker_hear(&world.side[post->to], plk_bytes(letter.at, letter.len), text, &got);
    plk_assert(err != PLK_ERR_OK);
}

static void pass_time(uint8_t who, uint8_t days, bool back) {
    struct talker *t = &world.side[who];
    struct plk_skipped_change changed;
    uint64_t ms = (uint64_t)days * 24 * 3600 * 1000;
    if (days == 0) return;
    world.aged = true;
    t->wall_ms = back ? t->wall_ms - (ms < t->wall_ms ? ms : t->wall_ms) : t->wall_ms + ms;
    if (days & 1) {
        plk_ratchet_expire(&t->ratchet, &t->skipped, t->wall_ms, &changed);
        talker_store(t, &changed);
    }
}

// A letter of the newest 256, so that one byte reaches it.
static struct post *some_letter(uint8_t back) {
    return world.count > back ? &world.posts[world.count - 1 - back] : NULL;
}

static void step(uint8_t what, uint8_t with) {
    uint8_t who = what >> 3 & 1;
    struct post *post = some_letter(with);
    switch (what & 7) {
    case 0:
        write_letters(who, 1);
        break;
    case 1:
        write_letters(who, with >= 224 ? with : with / 16);
        break;
    case 2:
        talker_restart(&world.side[who]);
        break;
    case 3:
        pass_time(who, with & 63, with >> 7);
        break;
    case 4:
        if (post != NULL) damage(post, (size_t)what * 41 + with, what);
        break;
    default: // what is never delivered is lost, what is delivered again is a copy
        if (post != NULL) deliver(post, what & 64);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_reader r = plk_reader(plk_bytes(data, size));
    uint8_t first = plk_reader_u8(&r);
    talkers_meet(&world.side[0], &world.side[1], first & 63);
    world.side[0].check_every = world.side[1].check_every = CHECK_EVERY;
    world.count = 0;
    world.count_max = first >> 6 == 3 ? LETTERS_MAX - 2 : LETTERS_FEW;
    world.aged = false;
    for (int i = 0; i < STEPS_MAX && r.left >= 2; i++) {
        uint8_t what = plk_reader_u8(&r);
        step(what, plk_reader_u8(&r));
    }
    // At the end the post works: what is written now is read, unless more is missing before it than may be.
    world.count_max += 2;
    for (uint8_t who = 0; who < 2; who++) {
        size_t count = world.count;
        write_letters(who, 1);
        if (world.count > count) deliver(&world.posts[count], true);
        talker_disk_check(&world.side[who]);
    }
    talker_end(&world.side[0]);
    talker_end(&world.side[1]);
    return 0;
}
