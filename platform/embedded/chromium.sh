#!/bin/sh
# Have Debian's Chromium for the browser tests, where that needs no more than being root; never fail over it.
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "plumbline | installing Debian's chromium for the browser tests (once)"
    export DEBIAN_FRONTEND=noninteractive
    timeout 120 apt-get -qq update </dev/null >/dev/null 2>&1
    timeout 600 apt-get -qq install -y --no-install-recommends chromium fonts-liberation </dev/null >/dev/null 2>&1
fi
command -v chromium >/dev/null || echo "plumbline | no chromium here: the browser tests are skipped (apt-get install chromium)"
exit 0
