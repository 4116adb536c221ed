// SPDX-License-Identifier: MIT
// Pictures: files that are sent as they are, and saved.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/base64.h"
#include "command.h"
#include "plain.h"
#include "wire/picture.h"

// The file's bytes, at most max, which the caller frees; NULL: it was said why not.
static uint8_t *read_file(const char *path, size_t max, size_t *len) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *bytes = malloc(max + 1);
    if (bytes == NULL) abort();
    ssize_t got = fd < 0 ? -1 : 1;
    for (*len = 0; got > 0 && *len <= max; *len += got > 0 ? (size_t)got : 0) {
        do {
            got = read(fd, bytes + *len, max + 1 - *len);
        } while (got < 0 && errno == EINTR);
    }
    if (got < 0)
        plk_cli_fail(PLK_EXIT_FAILED, "%s: %s", path, strerror(errno));
    else if (*len > max)
        plk_cli_fail(PLK_EXIT_FAILED, "%s is too large: %zu bytes are the most", path, max);
    if (fd >= 0) close(fd);
    if (got >= 0 && *len <= max) return bytes;
    free(bytes);
    return NULL;
}

static json_t *base64(struct plk_bytes bytes) {
    char *text = malloc(PLK_BASE64_TEXT_LEN(bytes.len) + 1);
    if (text == NULL) abort();
    plk_base64_encode(text, bytes);
    json_t *value = json_stringn(text, PLK_BASE64_TEXT_LEN(bytes.len));
    free(text);
    return value;
}

static const char *const types[] = {NULL, "image/jpeg", "image/png", "image/webp", "image/gif"};

// The parameters that a picture file gives; NULL: it was said why not.
static json_t *describe(const char *path) {
    size_t len = 0;
    struct plk_picture_head head;
    uint8_t *bytes = read_file(path, PLK_PICTURE_MAX, &len);
    if (bytes == NULL) return NULL;
    json_t *params = NULL;
    if (plk_picture_head(plk_bytes(bytes, len), &head) == PLK_ERR_OK) {
        params = json_pack("{s:s, s:i, s:i, s:o}", "type", types[head.type], "width", head.width, "height", head.height,
                           "data", base64(plk_bytes(bytes, len)));
    } else {
        plk_cli_fail(PLK_EXIT_FAILED, "%s is no picture that can be sent: JPEG, PNG, WebP and GIF are", path);
    }
    free(bytes);
    return params;
}

int plk_command_send_picture(struct plk_cli *cli, const char *path, const char *text) {
    json_t *result = NULL;
    if (plk_cli_has(cli, "--wait") || plk_cli_has(cli, "--timeout"))
        return plk_cli_fail(PLK_EXIT_USAGE, "--picture goes with neither --wait nor --timeout");
    const char *reply = plk_cli_option(cli, "--reply");
    uint64_t seq = 0;
    if (reply != NULL && !plk_cli_number("--reply", reply, INT64_MAX, &seq)) return PLK_EXIT_USAGE;
    json_t *params = describe(path);
    if (params == NULL) return PLK_EXIT_FAILED;
    if (reply != NULL) json_object_set_new(params, "reply_to", json_integer((json_int_t)seq));
    if (!plk_cli_set(params, "contact", cli->args[0]) || !plk_cli_set(params, "text", text) ||
        !plk_cli_set(params, "id", plk_cli_option(cli, "--id"))) {
        json_decref(params);
        return PLK_EXIT_FAILED;
    }
    int status = plk_cli_call(cli, "picture.send", params, &result);
    if (status == PLK_EXIT_DONE && cli->json) {
        plk_cli_json(result);
    } else if (status == PLK_EXIT_DONE) {
        printf("%s  ", plk_plain_text(result, "id"));
        plk_plain_state(stdout, result);
        fputc('\n', stdout);
    }
    json_decref(result);
    return status;
}

static int save(const char *path, const json_t *result) {
    const char *text = plk_plain_text(result, "data");
    size_t len = 0;
    uint8_t *bytes = malloc(strlen(text) + 1);
    if (bytes == NULL) abort();
    if (!plk_base64_decode(bytes, &len, plk_bytes(text, strlen(text)))) {
        free(bytes);
        return plk_cli_fail(PLK_EXIT_FAILED, "the node gave no picture");
    }
    // What is there already may be another one.
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t wrote = 0;
    ssize_t now = fd < 0 ? -1 : 0;
    while (now >= 0 && wrote < len) {
        now = write(fd, bytes + wrote, len - wrote);
        if (now < 0 && errno == EINTR) now = 0;
        wrote += now > 0 ? (size_t)now : 0;
    }
    free(bytes);
    int error = errno;
    if (fd >= 0 && close(fd) != 0 && now >= 0) {
        error = errno;
        now = -1;
    }
    return now >= 0 ? PLK_EXIT_DONE : plk_cli_fail(PLK_EXIT_FAILED, "%s: %s", path, strerror(error));
}

int plk_command_picture(struct plk_cli *cli) {
    json_t *result = NULL;
    uint64_t seq = 0;
    if (!plk_cli_number("SEQ", cli->args[1], INT64_MAX, &seq)) return PLK_EXIT_USAGE;
    json_t *params = json_object();
    if (!plk_cli_set(params, "contact", cli->args[0])) {
        json_decref(params);
        return PLK_EXIT_FAILED;
    }
    json_object_set_new(params, "seq", json_integer((json_int_t)seq));
    int status = plk_cli_call(cli, "picture", params, &result);
    if (status == PLK_EXIT_DONE) status = save(cli->args[2], result);
    json_decref(result);
    return status;
}

bool plk_command_avatar(json_t *params, const char *path) {
    size_t len = 0;
    struct plk_picture_head head;
    if (path == NULL) return true;
    if (path[0] == '\0') return plk_cli_set(params, "avatar", "");
    uint8_t *bytes = read_file(path, PLK_AVATAR_MAX, &len);
    if (bytes == NULL) return false;
    bool fits = plk_picture_head(plk_bytes(bytes, len), &head) == PLK_ERR_OK && head.type != PLK_PICTURE_GIF;
    if (fits)
        json_object_set_new(params, "avatar", base64(plk_bytes(bytes, len)));
    else
        plk_cli_fail(PLK_EXIT_FAILED, "%s is no picture that a profile may have: JPEG, PNG and WebP are", path);
    free(bytes);
    return fits;
}
