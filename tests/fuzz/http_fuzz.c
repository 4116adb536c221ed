// SPDX-License-Identifier: MIT
// Any bytes are a request, are more to come or are refused; never both for the same beginning. Whatever is answered is answered to
// our own name only, and not to a page from elsewhere.
#include "host/web/answer.h"

static const uint8_t body[] = {1, 2, 3};
static const struct plk_asset asset = {"/index.html", "text/html", "\"x\"", false, body, sizeof body};
static const struct plk_answer_site site = {.port = 7470, .assets = &asset, .count = 1};

static void check_answer(enum plk_http_found found, const struct plk_http_head *head) {
    struct plk_answer answer;
    plk_answer_make(&answer, &site, found, head);
    plk_assert(answer.status >= 101 && answer.head_len <= sizeof answer.head);
    plk_assert(memcmp(answer.head + answer.head_len - 4, "\r\n\r\n", 4) == 0);
    if (answer.status != 200 && answer.status != 304 && answer.status != 101) return;
    struct plk_bytes own = plk_bytes_text("http://127.0.0.1:7470"), name = plk_bytes_text("127.0.0.1:7470");
    plk_assert(found == PLK_HTTP_DONE && plk_bytes_equal(head->host, name));
    plk_assert(head->origin.at == NULL || plk_bytes_equal(head->origin, own));
    plk_assert(answer.status != 101 || head->origin.at != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct plk_http_head head = {.method = PLK_HTTP_OTHER}, again = {.method = PLK_HTTP_OTHER};
    size_t used = 0, used_again = 0;
    enum plk_http_found found = plk_http_read(plk_bytes(data, len), &head, &used);
    plk_assert(found != PLK_HTTP_MORE || len < PLK_HTTP_HEAD_MAX);
    if (found != PLK_HTTP_MORE) check_answer(found, &head);
    if (found != PLK_HTTP_DONE) return 0;
    plk_assert(used <= len && used <= PLK_HTTP_HEAD_MAX && memcmp(data + used - 4, "\r\n\r\n", 4) == 0);
    // Without what follows it is the same, and with a byte less it is not all there.
    plk_assert(plk_http_read(plk_bytes(data, used), &again, &used_again) == PLK_HTTP_DONE && used_again == used);
    plk_assert(again.path.at == head.path.at && again.path.len == head.path.len && again.upgrade == head.upgrade);
    plk_assert(plk_http_read(plk_bytes(data, used - 1), &again, &used_again) == PLK_HTTP_MORE);
    return 0;
}
