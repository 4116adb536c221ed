// SPDX-License-Identifier: MIT
// Pictures: sending one, and the bytes of those of messages and profiles.
#include <stdlib.h>

#include "api/base64.h"
#include "api/call.h"
#include "api/json.h"
#include "contact/profile.h"
#include "node/peers.h"
#include "wire/picture.h"

// ---- bytes ----------------------------------------------------------------------------------------------------------

// Decodes a parameter of at most max bytes into memory that the caller frees; false: the call has failed.
static bool decode(struct plk_call *call, const char *name, size_t max, uint8_t **at, struct plk_bytes *bytes) {
    struct plk_bytes text = plk_call_text(call, name);
    size_t len = 0;
    *at = NULL;
    if (text.len > PLK_BASE64_TEXT_LEN(max)) {
        plk_call_err(call, PLK_ERR_TOO_LONG, "`%s` is too large: %zu bytes are the most", name, max);
        return false;
    }
    *at = malloc(text.len / 4 * 3 + 1);
    plk_assert(*at != NULL);
    if (!plk_base64_decode(*at, &len, text)) {
        plk_call_fail(call, PLK_CALL_PARAMS, "`%s` is not base64", name);
    } else if (len > max) {
        plk_call_err(call, PLK_ERR_TOO_LONG, "`%s` is too large: %zu bytes are the most", name, max);
    } else {
        *bytes = plk_bytes(*at, len);
        return true;
    }
    free(*at);
    return false;
}

static void answer_bytes(struct plk_call *call, enum plk_picture_type type, struct plk_bytes bytes) {
    plk_call_answer(call, json_pack("{s:s, s:o}", "type", plk_json_picture_type(type), "data", plk_json_base64(bytes)));
}

json_t *plk_json_avatar_mark(struct plk_bytes mark) {
    char text[2 * PLK_AVATAR_MARK_LEN];
    plk_assert(mark.len <= PLK_AVATAR_MARK_LEN);
    for (size_t i = 0; i < mark.len; i++) {
        text[2 * i] = "0123456789abcdef"[mark.at[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[mark.at[i] & 15];
    }
    return json_stringn_nocheck(text, 2 * mark.len);
}

json_t *plk_json_contact_avatar(struct plk_history *history, uint32_t contact) {
    uint8_t key[5], mark[PLK_AVATAR_MARK_LEN];
    struct plk_writer w = plk_writer(key, sizeof key);
    size_t len = 0;
    plk_writer_u32(&w, contact);
    plk_writer_u8(&w, PLK_PEER_SLOT_AVATAR_MARK);
    enum plk_err err = plk_history_row(history, PLK_TABLE_blob, plk_writer_bytes(&w), mark, sizeof mark, &len);
    return plk_json_avatar_mark(plk_bytes(mark, err == PLK_ERR_OK ? len : 0));
}

// ---- picture.send ---------------------------------------------------------------------------------------------------

// What of it is not bytes. Whether it is a picture, and of which type, its own head says.
static bool describe(struct plk_call *call, struct plk_command *command) {
    uint64_t width = plk_call_count(call, "width"), height = plk_call_count(call, "height");
    struct plk_picture_head head;
    struct plk_bytes type = plk_call_text(call, "type");
    if (command->data.len == 0 || plk_picture_head(command->data, &head) != PLK_ERR_OK) {
        plk_call_err(call, PLK_ERR_INVALID, "`data` is no picture that can be sent: JPEG, PNG, WebP and GIF are");
        return false;
    }
    if (!plk_bytes_equal(type, plk_bytes_text(plk_json_picture_type(head.type)))) {
        plk_call_err(call, PLK_ERR_INVALID, "`data` is %s", plk_json_picture_type(head.type));
        return false;
    }
    if (width < 1 || height < 1 || width > UINT16_MAX || height > UINT16_MAX) {
        plk_call_fail(call, PLK_CALL_PARAMS, "`width` and `height` must be 1 to %d", UINT16_MAX);
        return false;
    }
    command->picture_type = (uint8_t)head.type;
    command->width = (uint16_t)width;
    command->height = (uint16_t)height;
    return true;
}

static void hand_over(struct plk_call *call, struct plk_command *command) {
    command->text = plk_call_text(call, "text");
    command->caller_id = plk_call_text(call, "id");
    if (plk_call_has(call, "id") && (command->caller_id.len == 0 || command->caller_id.len > PLK_CALLER_ID_MAX)) {
        plk_call_fail(call, PLK_CALL_PARAMS, "`id` must have 1 to %d bytes", PLK_CALLER_ID_MAX);
        return;
    }
    if (command->text.len > PLK_PICTURE_CAPTION_MAX) {
        plk_call_err(call, PLK_ERR_TOO_LONG, "the text of a picture is too long: %d bytes are the most",
                     PLK_PICTURE_CAPTION_MAX);
        return;
    }
    if (describe(call, command)) plk_method_send_command(call, command);
}

void plk_method_picture_send(struct plk_call *call) {
    struct plk_contact_row contact;
    uint8_t *data, *preview;
    struct plk_command command = {.kind = PLK_CMD_PICTURE};
    if (!plk_call_contact(call, &contact)) return;
    command.contact = contact.contact;
    if (plk_call_count(call, "reply_to") > 0 && !plk_method_target(call, plk_call_count(call, "reply_to"), &command))
        return;
    if (!decode(call, "data", PLK_PICTURE_MAX, &data, &command.data)) return;
    if (decode(call, "preview", PLK_PICTURE_PREVIEW_MAX, &preview, &command.preview)) {
        hand_over(call, &command); // which copies them
        free(preview);
    }
    free(data);
}

// ---- reading --------------------------------------------------------------------------------------------------------

void plk_method_picture(struct plk_call *call) {
    struct plk_contact_row contact;
    enum plk_picture_type type;
    size_t len = 0;
    if (!plk_call_contact(call, &contact)) return;
    uint8_t *bytes = malloc(PLK_PICTURE_MAX);
    plk_assert(bytes != NULL);
    enum plk_err err =
        plk_history_picture(call->history, contact.contact, plk_call_count(call, "seq"), bytes, &len, &type);
    if (err == PLK_ERR_OK)
        answer_bytes(call, type, plk_bytes(bytes, len));
    else if (err == PLK_ERR_NOT_FOUND)
        plk_call_err(call, err, "there is no picture of this number");
    else if (err == PLK_ERR_EMPTY)
        plk_call_err(call, PLK_ERR_NOT_FOUND, "this picture has not come whole");
    else
        plk_call_err(call, err, NULL);
    free(bytes);
}

void plk_method_avatar(struct plk_call *call) {
    uint8_t bytes[PLK_AVATAR_MAX], key[5];
    struct plk_writer w = plk_writer(key, sizeof key);
    size_t len = 0;
    struct plk_picture_head head;
    struct plk_contact_row contact;
    bool own = !plk_call_has(call, "contact");
    if (!own && !plk_call_contact(call, &contact)) return;
    if (!own) plk_writer_u32(&w, contact.contact);
    plk_writer_u8(&w, own ? PLK_PROFILE_KEY_AVATAR : PLK_PEER_SLOT_AVATAR);
    enum plk_err err = plk_history_row(call->history, own ? PLK_TABLE_profile : PLK_TABLE_blob, plk_writer_bytes(&w),
                                       bytes, sizeof bytes, &len);
    if (err == PLK_ERR_OK && plk_picture_head(plk_bytes(bytes, len), &head) == PLK_ERR_OK)
        answer_bytes(call, head.type, plk_bytes(bytes, len));
    else if (err == PLK_ERR_NOT_FOUND || err == PLK_ERR_OK)
        plk_call_err(call, PLK_ERR_NOT_FOUND, "this profile has no picture");
    else
        plk_call_err(call, err, NULL);
}

// ---- profile --------------------------------------------------------------------------------------------------------

bool plk_method_avatar_param(struct plk_call *call, uint8_t **at, struct plk_bytes *avatar) {
    *at = NULL;
    *avatar = plk_bytes(NULL, 0);
    if (!plk_call_has(call, "avatar")) return true;
    if (!decode(call, "avatar", PLK_AVATAR_MAX, at, avatar)) return false;
    if (plk_profile_check_avatar(*avatar) == PLK_ERR_OK) return true;
    plk_call_err(call, PLK_ERR_INVALID, "`avatar` is no picture that a profile may have: JPEG, PNG and WebP are");
    free(*at);
    return false;
}
