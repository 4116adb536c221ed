// SPDX-License-Identifier: MIT
// Backups: any bytes (first byte even), or any content sealed under the right seed (odd).
#include <stdint.h>

#include "contact/backup.h"
#include "support/people.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Puts all items into a new backup and seals it; returns how many.
static size_t copy_items(struct plk_mem *mem, struct plk_backup *backup, struct plk_buf *copy, struct plk_rng *rng) {
    struct plk_backup_item item;
    size_t count = 0;
    plk_backup_begin(mem, copy, &backup->profile, backup->made_ms);
    for (plk_backup_next(backup, &item); item.part != PLK_BACKUP_END; plk_backup_next(backup, &item), count++) {
        if (item.part == PLK_BACKUP_CONTACT) plk_backup_put_contact(mem, copy, &item.contact);
        if (item.part == PLK_BACKUP_INVITE) plk_backup_put_invite(mem, copy, &item.invite);
        if (item.part >= PLK_BACKUP_RELAY) plk_backup_put_row(mem, copy, item.part, item.row.key, item.row.value);
    }
    plk_assert(plk_backup_seal(mem, copy, backup->profile.seed, rng) == PLK_ERR_OK);
    return count;
}

static void content(struct plk_bytes bytes) {
    struct plk_mem mem = people_mem();
    struct person alice;
    struct plk_profile profile;
    struct plk_buf sealed = {0}, copy = {0}, third = {0};
    struct plk_backup backup;
    person_make(&alice, 1, "Alice");
    uint8_t seed[32] = {1};
    plk_assert(plk_profile_make(&profile, seed, plk_bytes_text("Alice"), 1, &alice.rng) == PLK_ERR_OK);
    plk_backup_begin(&mem, &sealed, &profile, 1);
    plk_buf_put(&mem, &sealed, bytes);
    plk_assert(plk_backup_seal(&mem, &sealed, seed, &alice.rng) == PLK_ERR_OK);
    if (plk_backup_open(&mem, plk_buf_bytes(&sealed), seed, &backup) == PLK_ERR_OK) {
        size_t count = copy_items(&mem, &backup, &copy, &alice.rng);
        plk_backup_free(&mem, &backup);
        plk_assert(plk_backup_open(&mem, plk_buf_bytes(&copy), seed, &backup) == PLK_ERR_OK);
        plk_assert(copy_items(&mem, &backup, &third, &alice.rng) == count && third.len == copy.len);
        plk_backup_free(&mem, &backup);
    }
    plk_buf_free(&mem, &sealed);
    plk_buf_free(&mem, &copy);
    plk_buf_free(&mem, &third);
    plk_assert(mem.used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_mem mem = people_mem();
    struct plk_backup backup;
    static const uint8_t seed[32] = {1};
    if (size == 0) return 0;
    if (data[0] % 2 == 1) {
        content(plk_bytes(data + 1, size - 1));
    } else {
        plk_assert(plk_backup_open(&mem, plk_bytes(data + 1, size - 1), seed, &backup) != PLK_ERR_OK);
        plk_assert(mem.used == 0);
    }
    return 0;
}
