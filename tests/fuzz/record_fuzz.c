// SPDX-License-Identifier: MIT
// Records of first contact and re-key: on their stream, however it is cut; REFUSED; what a replaced device is told by a cell; and record
// 64 on the control stream of a link, whose content first_fuzz opens.
#include "contact/record.h"
#include "wire/message.h"
#include "support/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What is read lies inside, and says the same again.
static void stream(struct plk_bytes in) {
    uint8_t head[PLK_RECORD_HEAD_LEN], type;
    size_t taken;
    for (struct plk_bytes rest = in, content;
         plk_record_read(rest, &taken, &type, &content) == PLK_ERR_OK && taken > 0;) {
        plk_assert(taken <= rest.len && content.len == taken - PLK_RECORD_HEAD_LEN && content.len <= PLK_RECORD_MAX);
        plk_assert(content.at == rest.at + PLK_RECORD_HEAD_LEN);
        plk_record_head(head, (enum plk_record_type)type, content.len);
        plk_assert(memcmp(head, rest.at, sizeof head) == 0);
        for (size_t cut = 0; cut < taken && cut < 64; cut++) { // before its end has come it is not read
            size_t early;
            plk_assert(plk_record_read(plk_bytes(rest.at, cut), &early, &type, &content) == PLK_ERR_OK && early == 0);
        }
        rest = plk_bytes(rest.at + taken, rest.len - taken);
    }
}

static void refused(struct plk_bytes in) {
    uint8_t why = 77, again[PLK_RECORD_REFUSED_LEN];
    uint64_t counter = 77;
    if (plk_record_refused_decode(in, &why, &counter) != PLK_ERR_OK) {
        plk_assert(why == 77 && counter == 77);
        return;
    }
    plk_record_refused_encode(again, (enum plk_record_why)why, counter);
    plk_assert(plk_bytes_equal(plk_bytes(again, sizeof again), in));
}

static void moved(struct plk_bytes in) {
    static const uint8_t untouched[PLK_DEVICE_LEN] = {7, 7};
    uint8_t device[PLK_DEVICE_LEN] = {7, 7}, again[PLK_RECORD_MOVED_LEN];
    if (plk_record_moved_decode(in, device) != PLK_ERR_OK) {
        plk_assert(memcmp(device, untouched, sizeof device) == 0);
        return;
    }
    plk_record_moved_encode(again, device);
    plk_assert(plk_bytes_equal(plk_bytes(again, sizeof again), in));
}

// The first byte cuts the rest; a record 64 has a content, within the limit of the stream, and is the same however it came.
static void control(uint8_t piece, struct plk_bytes in) {
    struct plk_mem mem = {.take = memory_take, .give = memory_give};
    struct plk_message_feed feed;
    struct plk_bytes record;
    struct plk_control read;
    size_t step = 1 + piece % 64;
    plk_message_feed_init(&feed, &mem, PLK_CONTROL_RECORD_MAX);
    for (size_t at = 0; at < in.len; at += step) {
        size_t len = in.len - at < step ? in.len - at : step;
        plk_message_feed_push(&feed, plk_bytes(in.at + at, len));
        while (plk_message_feed_next(&feed, &record) == PLK_ERR_OK) {
            plk_assert(record.len <= PLK_CONTROL_RECORD_MAX);
            if (record.len < 2 || record.at[0] != PLK_CONTROL_NODE) continue;
            // Mail does not know it, and passes it over.
            plk_assert(plk_message_control_decode(record, &read) == PLK_ERR_OK && (int)read.type == PLK_CONTROL_NODE);
            plk_assert(read.body.at == record.at + 1 && read.body.len == record.len - 1);
        }
    }
    plk_message_feed_free(&feed);
    plk_assert(mem.used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct plk_bytes rest = plk_bytes(data + 1, size - 1);
    stream(rest);
    refused(rest);
    moved(rest);
    control(data[0], rest);
    return 0;
}
