// SPDX-License-Identifier: MIT
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/call.h"

#define TEXT_MAX 2000

static json_t *rows_of(const QRcode *code) {
    json_t *rows = json_array();
    char *row = malloc((size_t)code->width + 1);
    plk_assert(row != NULL);
    row[code->width] = '\0';
    for (int y = 0; y < code->width; y++) {
        // The lowest bit is the dot (qrencode.h).
        for (int x = 0; x < code->width; x++) row[x] = (char)('0' + (code->data[y * code->width + x] & 1));
        json_array_append_new(rows, json_string(row));
    }
    free(row);
    return rows;
}

void plk_method_qr(struct plk_call *call) {
    struct plk_bytes text = plk_call_text(call, "text");
    if (text.len == 0 || text.len > TEXT_MAX) {
        plk_call_err(call, text.len == 0 ? PLK_ERR_EMPTY : PLK_ERR_TOO_LONG, NULL);
        return;
    }
    QRcode *code = QRcode_encodeData((int)text.len, text.at, 0, QR_ECLEVEL_M);
    if (code == NULL) {
        plk_call_err(call, PLK_ERR_TOO_LONG, NULL);
        return;
    }
    plk_call_answer(call, json_pack("{s:i, s:o}", "size", code->width, "rows", rows_of(code)));
    QRcode_free(code);
}
