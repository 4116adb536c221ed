// SPDX-License-Identifier: MIT
// The operator's commands: asked of the running relay, or of its data where none runs.
#ifndef PLK_PEERLINK_RELAY_OPERATE_H
#define PLK_PEERLINK_RELAY_OPERATE_H

#include "options.h"

int plk_operate(const struct plk_relay_options *options);       // token, status
int plk_operate_check(const struct plk_relay_options *options); // config check: says what was read
int plk_operate_version(const struct plk_relay_options *options);

#endif
