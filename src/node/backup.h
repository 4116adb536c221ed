// SPDX-License-Identifier: MIT
// Making a backup: the contacts' recovery rows are read once through, and sealed with the profile and the open invites.
#ifndef PLK_NODE_BACKUP_H
#define PLK_NODE_BACKUP_H

#include "base/buf.h"
#include "contact/backup.h"
#include "wire/effect.h"
#include "path/candidates.h"

struct plk_node;

struct plk_backup_job {
    bool running;
    uint64_t ticket; // of the command
    struct plk_buf buf;
    uint32_t contact; // whose rows are being read; 0: none
    bool has_recovery;
    struct plk_recovery recovery;
    struct plk_candidates candidates;
    struct plk_buf about, queues;
};

void plk_backup_job_start(struct plk_node *node, const struct plk_command *command);
void plk_backup_job_loaded(struct plk_node *node, const struct plk_input *input);
void plk_backup_job_free(struct plk_node *node);

// Writes what a backup holds into the store of a new profile: the INIT command with a backup. Errors as of plk_backup_open.
enum plk_err plk_backup_restore(struct plk_node *node, struct plk_bytes sealed, const uint8_t seed[32]);

#endif
