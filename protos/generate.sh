#!/bin/sh
# Generates Swift from protos/ into the folders Generated of Sources/MECModel, RPCBridge and Demo, and the descriptor
# set that server reflection answers from into Sources/RPCBridge/Descriptors; or with --check into a temporary
# folder, and fails when that differs from what is checked in.
#
# Needs protoc (Debian: protobuf-compiler and libprotobuf-dev) and the Swift plugin, which is built once from this package's
# dependencies (about a minute).
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
plugins="$root/.build/release"
folders="MECModel/Generated RPCBridge/Generated RPCBridge/Descriptors Demo/Generated"

command -v protoc >/dev/null || {
    echo "protos/generate.sh: protoc not found; install it with: apt-get install protobuf-compiler libprotobuf-dev" >&2
    exit 1
}

[ -x "$plugins/protoc-gen-swift" ] ||
    swift build --configuration release --package-path "$root" --product protoc-gen-swift >&2

# generate OUT: everything, under OUT as it stands under Sources/.
generate() {
    for folder in $folders; do
        rm -rf "${1:?}/$folder"
        mkdir -p "$1/$folder"
    done
    # The message types of the MEC services.
    for package in mec rnis location bandwidth; do
        folder="$root/protos/weir/$package/v1"
        [ -d "$folder" ] || continue
        messages "$1/MECModel/Generated" $(find "$folder" -name '*.proto' ! -name service.proto | LC_ALL=C sort)
    done
    # What the calls of the bridge carry. The services are registered by hand: a plugin for them would have every
    # build of the tests compile protoc.
    for folder in weir/bus/v1 grpc/health/v1 grpc/reflection/v1; do
        messages "$1/RPCBridge/Generated" "$root/protos/$folder"/*.proto
    done
    # What the example device publishes, and the demo counts.
    messages "$1/Demo/Generated" "$root"/protos/weir/telemetry/v1/*.proto
    # The calls of the MEC services speak of the types in MECModel.
    messages "$1/RPCBridge/Generated" --swift_opt=ProtoPathModuleMappings="$root/protos/swift-modules.textproto" \
        "$root"/protos/weir/*/v1/service.proto
    (cd "$root/protos" && find weir grpc -name '*.proto' | LC_ALL=C sort |
        xargs protoc --proto_path=. --include_imports --descriptor_set_out="$1/RPCBridge/Descriptors/services.binpb")
}

messages() {
    out=$1
    shift
    protoc --proto_path="$root/protos" --plugin="$plugins/protoc-gen-swift" \
        --swift_out="$out" --swift_opt=Visibility=Package --swift_opt=FileNaming=PathToUnderscores \
        --swift_opt=UseAccessLevelOnImports=true "$@"
}

if [ "${1:-}" = "--check" ]; then
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    generate "$fresh"
    for folder in $folders; do
        if ! diff -r "$root/Sources/$folder" "$fresh/$folder"; then
            echo "protos/generate.sh: what is generated is not what protos/ says; run protos/generate.sh and commit" >&2
            exit 1
        fi
    done
    echo "generated code matches protos/"
else
    generate "$root/Sources"
fi
