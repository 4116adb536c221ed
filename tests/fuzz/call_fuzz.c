// SPDX-License-Identifier: MIT
// A line of a program becomes one answer that is JSON-RPC, or none. Methods that need a node refuse: this is the reader,
// the shapes and the errors.
#include <stdlib.h>

#include "api/call.h"

struct heard {
    unsigned calls;
    bool right;
};

static void hear(void *ctx, struct plk_call *call, const json_t *answer) {
    (void)call;
    struct heard *heard = ctx;
    heard->calls++;
    if (answer == NULL) return;
    // What is answered can be written, read again, and is the same.
    char *line = json_dumps(answer, JSON_COMPACT);
    json_t *again = line != NULL ? json_loads(line, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool has_result = json_object_get(answer, "result") != NULL, has_error = json_object_get(answer, "error") != NULL;
    heard->right =
        again != NULL && json_equal(answer, again) && has_result != has_error && json_object_get(answer, "id") != NULL;
    json_decref(again);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct heard heard = {.right = true};
    struct plk_call context = {.owner = &heard, .sink = hear};
    plk_call_run(&context, plk_bytes(data, len));
    plk_assert(heard.calls == 1 && heard.right);
    return 0;
}
