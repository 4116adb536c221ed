// SPDX-License-Identifier: MIT
#include "_picture.h"

#include <stdio.h>

#define NUMBERS 64
static size_t lens[NUMBERS];

static size_t len_of(unsigned number) { return lens[number % NUMBERS]; }

struct plk_bytes picture_bytes(unsigned number, size_t len) {
    static uint8_t bytes[PLK_PICTURE_MAX];
    uint32_t state = number * 2654435761u + 1;
    for (size_t i = 0; i < len; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
    lens[number % NUMBERS] = len;
    return plk_bytes(bytes, len);
}

static struct plk_bytes caption(unsigned number, char text[24]) {
    return plk_bytes(text, (size_t)snprintf(text, 24, "picture %u", number));
}

struct plk_command picture_command(const struct actor *from, const struct actor *to, unsigned number, size_t len) {
    static char text[24];
    struct plk_command command = {.kind = PLK_CMD_PICTURE, .contact = world_contact(from, to), .width = 640};
    command.height = 480;
    command.picture_type = PLK_PICTURE_JPEG;
    command.preview = plk_bytes_text("a small one");
    command.text = caption(number, text);
    command.data = picture_bytes(number, len);
    return command;
}

void picture_send(struct actor *from, struct actor *to, unsigned number, size_t len) {
    struct plk_command command = picture_command(from, to, number, len);
    const struct actor_result *result = world_command(from, &command);
    story_holds(from->world);
    story_expect(from->world, result != NULL && result->err == PLK_ERR_OK);
}

bool picture_row(const struct actor *a, enum plk_direction direction, unsigned number, struct plk_message_row *row) {
    const struct table *of = &a->disk->durable.of[PLK_TABLE_message];
    struct plk_picture picture;
    char text[24];
    for (size_t i = 0; i < of->count; i++) {
        *row = (struct plk_message_row){0};
        if (plk_message_row_decode(tables_value(of->rows[i]), row) ||
            plk_message_key_decode(tables_key(of->rows[i]), row))
            continue;
        if (row->kind != PLK_BODY_PICTURE || row->direction != direction) continue;
        if (plk_picture_decode(row->payload, &picture) != PLK_ERR_OK) continue;
        if (plk_bytes_equal(picture.caption, caption(number, text))) return true;
    }
    return false;
}

static const struct tables_row *part_of(const struct actor *a, const struct plk_message_row *row, uint8_t part) {
    uint8_t key[PLK_PICTURE_KEY_LEN];
    plk_picture_key(key, row->contact, row->direction, &row->origin, part);
    return tables_find(&a->disk->durable, PLK_TABLE_picture, plk_bytes(key, sizeof key));
}

bool picture_is_whole(const struct actor *a, enum plk_direction direction, unsigned number) {
    struct plk_message_row row;
    size_t len = len_of(number);
    if (!picture_row(a, direction, number, &row) || part_of(a, &row, PLK_PICTURE_WHOLE) == NULL) return false;
    struct plk_bytes bytes = picture_bytes(number, len);
    for (unsigned part = 0; part < plk_picture_parts((uint32_t)len); part++) {
        const struct tables_row *got = part_of(a, &row, (uint8_t)part);
        if (got == NULL || !plk_bytes_equal(tables_value(got), plk_picture_part(bytes, part))) return false;
    }
    return true;
}

size_t picture_rows(const struct actor *a) { return a->disk->durable.of[PLK_TABLE_picture].count; }

struct waiting {
    struct actor *from, *to;
    unsigned number;
};

static bool is_delivered(struct world *w, void *ctx) {
    const struct waiting *waiting = ctx;
    struct plk_message_row row;
    (void)w;
    return picture_row(waiting->from, PLK_OUT, waiting->number, &row) && row.state == PLK_STATE_DELIVERED;
}

void picture_until_delivered(struct actor *from, struct actor *to, unsigned number, uint64_t limit_us) {
    struct waiting waiting = {from, to, number};
    story_until(from->world, is_delivered, &waiting, limit_us, "the picture is delivered");
    story_expect(from->world, picture_is_whole(to, PLK_IN, number)); // delivered is said of the whole
}

size_t picture_events(const struct actor *a) {
    size_t count = 0;
    for (size_t i = 0; i < a->event_count; i++) {
        const struct plk_event_row *row = &a->events[i].row;
        count += row->kind == PLK_EVENT_CHANGE && row->reason == PLK_CHANGE_PICTURE;
    }
    return count;
}
