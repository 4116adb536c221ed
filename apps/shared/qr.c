// SPDX-License-Identifier: MIT
#include "apps/shared/qr.h"

#include <qrencode.h>

#define QUIET 2 // modules of white around it

static bool is_dark(const QRcode *code, int x, int y) {
    bool inside = x >= 0 && y >= 0 && x < code->width && y < code->width;
    return inside && (code->data[y * code->width + x] & 1);
}

// Dark modules are left blank and light ones drawn: right on a dark terminal, and readers take either.
bool plk_qr_print(FILE *to, const char *text) {
    static const char *const blocks[] = {"\xe2\x96\x88", "\xe2\x96\x80", "\xe2\x96\x84", " "};
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    if (code == NULL) return false;
    for (int y = -QUIET; y < code->width + QUIET; y += 2) {
        for (int x = -QUIET; x < code->width + QUIET; x++) {
            bool lower = is_dark(code, x, y + 1) || y + 1 >= code->width + QUIET;
            fputs(blocks[(is_dark(code, x, y) ? 2 : 0) + (lower ? 1 : 0)], to);
        }
        fputc('\n', to);
    }
    QRcode_free(code);
    return true;
}
