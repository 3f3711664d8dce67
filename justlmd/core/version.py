"""The version of this package, which programs that run it from its folder, without installing it, know too."""

VERSION = "0.1.0"
