// SPDX-License-Identifier: MIT
// Runs a fuzz target without libFuzzer: every file of the corpus folders given, then a fixed set of mutations of them.
// The same run every time, so that a test that failed once fails again.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 65536, CORPUS_MAX = 4096, MUTATIONS = 4000, RANDOM_MAX = 300 };

struct input {
    uint8_t *data;
    size_t size;
};

static struct input corpus[CORPUS_MAX];
static size_t corpus_count;
static uint64_t state = 0x5045455250454552u;

// splitmix64
static uint64_t next_random(void) {
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t below(size_t limit) { return limit ? (size_t)(next_random() % limit) : 0; }

// A copy of exactly the input's size, so that a read past its end is seen by ASan.
static void run(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) exit(2);
    if (size) memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static void load_file(const char *path) {
    static uint8_t data[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (!file || corpus_count == CORPUS_MAX) {
        fprintf(stderr, "%s: cannot be read, or the corpus is too large\n", path);
        exit(2);
    }
    struct input *input = &corpus[corpus_count++];
    input->size = fread(data, 1, sizeof data, file);
    fclose(file);
    input->data = malloc(input->size ? input->size : 1);
    if (!input->data) exit(2);
    memcpy(input->data, data, input->size);
}

// Sorted by name: a directory's own order differs between machines. No folder is an empty corpus.
static void load_folder(const char *folder) {
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, by_name);
    for (int i = 0; i < count; i++) {
        char path[4096];
        if (entries[i]->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
            load_file(path);
        }
        free(entries[i]);
    }
    if (count >= 0) free(entries);
}

static void mutate_once(uint8_t *data, size_t *size) {
    size_t at = below(*size);
    switch (below(6)) {
    case 0:
        if (*size) data[at] ^= (uint8_t)(1u << below(8));
        break;
    case 1:
        if (*size) data[at] = (uint8_t)next_random();
        break;
    case 2:
        if (*size) data[at] = next_random() & 1 ? 0xff : 0;
        break;
    case 3:
        *size = at;
        break;
    case 4:
        if (*size && *size < INPUT_MAX) {
            memmove(data + at + 1, data + at, *size - at);
            ++*size;
        }
        break;
    default:
        if (*size) {
            memmove(data + at, data + at + 1, *size - at - 1);
            --*size;
        }
    }
}

static void run_mutation(void) {
    static uint8_t data[INPUT_MAX];
    size_t size = 0;
    if (corpus_count && below(8)) {
        const struct input *input = &corpus[below(corpus_count)];
        size = input->size;
        memcpy(data, input->data, size);
        for (size_t n = 1 + below(4); n; n--) mutate_once(data, &size);
    } else {
        size = below(RANDOM_MAX);
        for (size_t i = 0; i < size; i++) data[i] = (uint8_t)next_random();
    }
    run(data, size);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) load_folder(argv[i]);
    run(NULL, 0);
    for (size_t i = 0; i < corpus_count; i++) run(corpus[i].data, corpus[i].size);
    for (int i = 0; i < MUTATIONS; i++) run_mutation();
    printf("%zu corpus files, %d mutations\n", corpus_count, MUTATIONS);
    for (size_t i = 0; i < corpus_count; i++) free(corpus[i].data);
    return 0;
}
