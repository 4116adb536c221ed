// SPDX-License-Identifier: MIT
// A QR code in the terminal, two rows of dots a line.
#ifndef PLK_SHARED_QR_H
#define PLK_SHARED_QR_H

#include <stdbool.h>
#include <stdio.h>

// False: the text is too long for a QR code.
bool plk_qr_print(FILE *to, const char *text);

#endif
