// SPDX-License-Identifier: MIT
// The one table of commands (DESIGN 6): from it come dispatch, usage, help, the manual page's check and completion.
#ifndef PLK_PEERLINK_COMMAND_H
#define PLK_PEERLINK_COMMAND_H

#include "apps/shared/complete.h"
#include "cli.h"

struct plk_command_entry {
    const char *name;
    const char *args; // as in the usage; "" for none
    size_t arg_min, arg_max;
    struct plk_option options[8]; // ends with a NULL name
    const char *help;             // one line
    int (*run)(struct plk_cli *cli);
};

// Of all commands; ends with a NULL name.
extern const struct plk_option plk_command_globals[];

const struct plk_command_entry *plk_command_at(size_t index); // NULL at the end
const struct plk_command_entry *plk_command_find(const char *name);

// Reads a command line and runs it. The exit status of the program.
int plk_command_main(int argc, char **argv);

int plk_command_accept(struct plk_cli *cli);
int plk_command_add(struct plk_cli *cli);
int plk_command_backup(struct plk_cli *cli);
int plk_command_block(struct plk_cli *cli);
int plk_command_chat(struct plk_cli *cli);
int plk_command_completion(struct plk_cli *cli);
int plk_command_config(struct plk_cli *cli);
int plk_command_contacts(struct plk_cli *cli);
int plk_command_delete(struct plk_cli *cli);
int plk_command_down(struct plk_cli *cli);
int plk_command_edit(struct plk_cli *cli);
int plk_command_export(struct plk_cli *cli);
int plk_command_help(struct plk_cli *cli);
int plk_command_history(struct plk_cli *cli);
uint64_t plk_command_print_messages(const struct plk_cli *cli,
                                    const json_t *result); // a page; the last one's seq, or 0
int plk_command_id(struct plk_cli *cli);
int plk_command_init(struct plk_cli *cli);
int plk_command_invite(struct plk_cli *cli);
int plk_command_open(struct plk_cli *cli);
int plk_command_path(struct plk_cli *cli);
int plk_command_profile(struct plk_cli *cli);
int plk_command_react(struct plk_cli *cli);
int plk_command_receipts(struct plk_cli *cli);
int plk_command_reject(struct plk_cli *cli);
int plk_command_relay(struct plk_cli *cli);
int plk_command_remove(struct plk_cli *cli);
int plk_command_rename(struct plk_cli *cli);
int plk_command_requests(struct plk_cli *cli);
int plk_command_restore(struct plk_cli *cli);
int plk_command_rpc(struct plk_cli *cli);
int plk_command_safety(struct plk_cli *cli);
int plk_command_send(struct plk_cli *cli);
int plk_command_picture(struct plk_cli *cli);
int plk_command_send_picture(struct plk_cli *cli, const char *path, const char *text); // text: NULL, none
bool plk_command_avatar(json_t *params,
                        const char *path);  // a file, "" for none, NULL for no change; false: it was said why
int plk_command_start(struct plk_cli *cli); // without any command
int plk_command_status(struct plk_cli *cli);
int plk_command_timer(struct plk_cli *cli);
int plk_command_unblock(struct plk_cli *cli);
int plk_command_up(struct plk_cli *cli);
int plk_up_behind(struct plk_cli *cli); // starts the node, if none runs, and leaves it running; a status
int plk_command_version(struct plk_cli *cli);
int plk_command_watch(struct plk_cli *cli);
int plk_command_why(struct plk_cli *cli);
int plk_command_words(struct plk_cli *cli);

#endif
