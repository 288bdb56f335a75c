"""The image, built and started by what this machine has: Docker, Podman or Buildah."""
