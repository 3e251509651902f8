#!/bin/sh
# Generates Swift from protos/ into Sources/MECModel/Generated, or with --check into a temporary folder
# and fails when that differs from what is checked in.
#
# Needs protoc (Debian: protobuf-compiler) and the Swift plugin, which is built once from the
# swift-protobuf checkout of this package into .tools (about a minute).
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
committed="$root/Sources/MECModel/Generated"
plugin="$root/.tools/bin/protoc-gen-swift"

command -v protoc >/dev/null || {
    echo "protos/generate.sh: protoc not found; install it with: apt-get install protobuf-compiler" >&2
    exit 1
}

if [ ! -x "$plugin" ]; then
    checkout="$root/.build/checkouts/swift-protobuf"
    [ -d "$checkout" ] || swift package --package-path "$root" resolve >&2
    echo "building protoc-gen-swift, once" >&2
    swift build --configuration release --product protoc-gen-swift \
        --package-path "$checkout" --scratch-path "$root/.tools/swift-protobuf-build" >&2
    mkdir -p "$(dirname "$plugin")"
    cp "$root/.tools/swift-protobuf-build/release/protoc-gen-swift" "$plugin"
fi

generate() {
    rm -rf "$1"
    mkdir -p "$1"
    # The message types of the MEC services. A package that gets RPCs later adds its own line with
    # --grpc-swift-2_out beside --swift_out; the messages stay where they are.
    for package in mec rnis location bandwidth; do
        folder="$root/protos/weir/$package/v1"
        [ -d "$folder" ] || continue
        protoc --proto_path="$root/protos" --plugin=protoc-gen-swift="$plugin" \
            --swift_out="$1" --swift_opt=Visibility=Package --swift_opt=FileNaming=PathToUnderscores \
            --swift_opt=UseAccessLevelOnImports=true \
            "$folder"/*.proto
    done
}

if [ "${1:-}" = "--check" ]; then
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    generate "$fresh/out"
    if ! diff -r "$committed" "$fresh/out"; then
        echo "protos/generate.sh: the generated Swift is not what protos/ says; run protos/generate.sh and commit" >&2
        exit 1
    fi
    echo "generated Swift matches protos/"
else
    generate "$committed"
fi
