#!/bin/sh
# SPDX-License-Identifier: MIT
# The figures of the README, measured on this machine: ./run bench [--json | --markdown] [--quick]
exec python3 "$(dirname "$0")/figures.py" "$@"
