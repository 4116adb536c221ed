# SPDX-License-Identifier: MIT
message(FATAL_ERROR "sqlite3mc is not there yet")
