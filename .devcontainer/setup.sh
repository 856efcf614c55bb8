#!/usr/bin/env bash
# Prepares a bare Debian or Ubuntu machine for HaloLab. The container's build file and .ci/run call the steps they need, so that what is written here is what runs.
# Usage: .devcontainer/setup.sh [packages] [test-packages] [sdk] [build]     without arguments: packages, sdk, build
set -euo pipefail
cd "$(dirname "$0")/.."

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ "${#missing[@]}" -gt 0 ]; then
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
}

# ffmpeg for video files, Jupyter for notebooks, ICU for the SDK. The library and `reproduce` need neither of the first two.
packages() {
  install ca-certificates curl ffmpeg jupyter-notebook jupyter-nbconvert libicu-dev
}

# What tests drive: without it they are skipped and say so. Ubuntu's chromium is a snap, which a container cannot run: there the tests of pages are skipped.
test-packages() {
  install ffmpeg openmpi-bin jupyter-client jupyter-nbconvert jupyter-notebook python3-ipykernel python3-jupyter-kernel-test
  if grep -q '^ID=debian' /etc/os-release; then install chromium; fi
}

# The SDK that global.json names, from Microsoft's own installer, unless one that it accepts is there.
sdk() {
  if dotnet --version >/dev/null 2>&1; then return; fi
  local version
  version=$(sed -nE 's/.*"version": "([^"]+)".*/\1/p' global.json)
  local installer
  installer=$(mktemp)
  curl -fsSL https://dot.net/v1/dotnet-install.sh -o "$installer"
  as_root bash "$installer" --version "$version" --install-dir /usr/share/dotnet
  as_root ln -sf /usr/share/dotnet/dotnet /usr/local/bin/dotnet
  rm -f "$installer"
}

# Restores exactly what is locked, builds, gives Jupyter the kernel, and says what is missing still.
build() {
  dotnet restore --locked-mode
  dotnet build -c Release --no-restore
  local halolab=(dotnet run --project src/HaloLab.Cli -c Release --no-build --)
  "${halolab[@]}" kernel install
  "${halolab[@]}" doctor
}

steps=("$@")
if [ "${#steps[@]}" = 0 ]; then steps=(packages sdk build); fi
for step in "${steps[@]}"; do
  case "$step" in
    packages | test-packages | sdk | build) "$step" ;;
    *)
      echo "unknown step '$step': expected packages, test-packages, sdk or build" >&2
      exit 2
      ;;
  esac
done
