// SPDX-License-Identifier: MIT
// Which path carries data: measuring, comparing, and when a choice may be changed. Between paths.c and choice.c only; the rules
// are in docs/protocol/link.md, section 7.
#ifndef PLK_PATH_CHOICE_H
#define PLK_PATH_CHOICE_H

#include "path/paths.h"

// a is to be kept before b.
bool plk_choice_before(const struct plk_path *a, const struct plk_path *b);

void plk_choice_sample(struct plk_path *path, uint64_t rtt_us, uint64_t now_us);
void plk_choice_lost(struct plk_path *path, uint64_t lost, uint64_t acked); // packets

// silent: the path that is left does not answer.
void plk_choice_activate(struct plk_paths *p, struct plk_path *path, bool silent, uint64_t now_us);
void plk_choice_opened(struct plk_paths *p, const struct plk_path *path);
// The peer's newest data came by it.
void plk_choice_data(struct plk_paths *p, const struct plk_path *path, uint64_t now_us);
// It has just proved, or proved again, that it works.
void plk_choice_proven(struct plk_paths *p, struct plk_path *path, uint64_t now_us);
// The peer's newest data comes by this proven path, which is not the active one.
void plk_choice_follow(struct plk_paths *p, struct plk_path *path, uint64_t now_us);
// The active path is not of the best kind.
bool plk_choice_may_improve(const struct plk_paths *p);
uint64_t plk_choice_look_us(const struct plk_paths *p, uint64_t now_us); // when others are looked at next
// Its time has come: which places hold paths that are not needed any more.
uint32_t plk_choice_settle(struct plk_paths *p, uint64_t now_us);

#endif
