// SPDX-License-Identifier: MIT
// What a name or an about text may be: one line that shows as it is, whoever wrote it.
#ifndef PLK_CONTACT_NAME_H
#define PLK_CONTACT_NAME_H

#include "base/err.h"
#include "wire/row.h"

// A name of a profile or a contact, 1 .. PLK_NAME_MAX bytes: EMPTY, TOO_LONG, NOT_UTF8; INVALID for control
// characters (C0, C1, line and paragraph separators), characters that turn the writing direction, white space at an
// end, or nothing visible.
enum plk_err plk_name_check(struct plk_bytes name);

// An about text, 0 .. PLK_ABOUT_MAX bytes. The same, but it may be empty and may have line feeds.
enum plk_err plk_name_check_about(struct plk_bytes about);

#endif
