// SPDX-License-Identifier: MIT
#include "host/fault.h"

#include <stdarg.h>
#include <stdio.h>

enum plk_fault_kind plk_fault_set(struct plk_fault *fault, enum plk_fault_kind kind, const char *format, ...) {
    if (fault == NULL) return kind;
    va_list args;
    va_start(args, format);
    vsnprintf(fault->line, sizeof fault->line, format, args);
    va_end(args);
    for (char *c = fault->line; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\r') *c = ' ';
    }
    fault->kind = kind;
    return kind;
}
