"""From a folder to a site: recognition, ``spdcheck.toml``, merging the files of a host, inference."""
