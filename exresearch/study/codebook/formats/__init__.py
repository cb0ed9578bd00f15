"""The codebook in YAML, CSV and XLSX, lossless between them."""
