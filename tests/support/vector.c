// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "support/vector.h"

static void clear(struct plk_vector *v) {
    for (unsigned i = 0; i < v->count; i++) {
        free(v->fields[i].text);
        free(v->fields[i].data);
    }
    v->count = 0;
}

void plk_vector_open(struct plk_vector *v, const char *path) {
    memset(v, 0, sizeof *v);
    v->file = fopen(path, "r");
    if (v->file == NULL) fail_msg("%s cannot be opened", path);
}

static void add(struct plk_vector *v, char *line) {
    char *sign = strchr(line, '=');
    if (sign == NULL || v->count == PLK_VECTOR_FIELDS || (size_t)(sign - line) >= sizeof v->fields[0].name) {
        fail_msg("not a line of vectors: %s", line);
        return;
    }
    *sign = '\0';
    strcpy(v->fields[v->count].name, line);
    v->fields[v->count].text = strdup(sign + 1);
    v->fields[v->count].data = NULL;
    v->count++;
}

bool plk_vector_next(struct plk_vector *v) {
    char line[2 * PLK_VECTOR_VALUE_MAX + 64];
    clear(v);
    while (fgets(line, sizeof line, v->file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '#') continue;
        if (line[0] != '\0') {
            add(v, line);
        } else if (v->count > 0) {
            return true;
        }
    }
    if (v->count > 0) return true;
    fclose(v->file);
    return false;
}

static int find(const struct plk_vector *v, const char *name) {
    for (unsigned i = 0; i < v->count; i++) {
        if (strcmp(v->fields[i].name, name) == 0) return (int)i;
    }
    return -1;
}

bool plk_vector_has(const struct plk_vector *v, const char *name) { return find(v, name) >= 0; }

static unsigned need(const struct plk_vector *v, const char *name) {
    int i = find(v, name);
    if (i < 0) fail_msg("a vector without %s", name);
    return (unsigned)i;
}

const char *plk_vector_text(struct plk_vector *v, const char *name) { return v->fields[need(v, name)].text; }

static unsigned digit(char c) {
    if (c >= '0' && c <= '9') return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f') return (unsigned)(c - 'a' + 10);
    fail_msg("%c is not a lower-case hexadecimal digit", c);
    return 0;
}

struct plk_bytes plk_vector_bytes(struct plk_vector *v, const char *name) {
    unsigned i = need(v, name);
    const char *text = v->fields[i].text;
    size_t len = strlen(text) / 2;
    assert_int_equal(strlen(text) % 2, 0);
    if (v->fields[i].data == NULL) {
        v->fields[i].data = malloc(len + 1);
        for (size_t n = 0; n < len; n++) {
            v->fields[i].data[n] = (uint8_t)(digit(text[2 * n]) << 4 | digit(text[2 * n + 1]));
        }
    }
    return plk_bytes(v->fields[i].data, len);
}

const uint8_t *plk_vector_key(struct plk_vector *v, const char *name, size_t len) {
    struct plk_bytes bytes = plk_vector_bytes(v, name);
    if (bytes.len != len) fail_msg("%s has %zu bytes, not %zu", name, bytes.len, len);
    return bytes.at;
}

uint64_t plk_vector_number(struct plk_vector *v, const char *name) {
    struct plk_bytes bytes = plk_vector_bytes(v, name);
    uint64_t value = 0;
    assert_true(bytes.len <= 8);
    for (size_t i = 0; i < bytes.len; i++) value = value << 8 | bytes.at[i];
    return value;
}

void plk_vector_expect(struct plk_vector *v, const char *name, const void *got, size_t len) {
    struct plk_bytes want = plk_vector_bytes(v, name);
    if (want.len != len) fail_msg("%s: %zu bytes instead of %zu", name, len, want.len);
    if (len > 0 && memcmp(want.at, got, len) != 0) {
        fprintf(stderr, "%s: want %s\n%s: got  ", name, plk_vector_text(v, name), name);
        for (size_t i = 0; i < len; i++) fprintf(stderr, "%02x", ((const uint8_t *)got)[i]);
        fprintf(stderr, "\n");
        fail_msg("%s differs", name);
    }
}
