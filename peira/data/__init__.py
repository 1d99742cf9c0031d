"""Data under version: what a data set held, who made it from what, and who used it.

Version   catalog.py    a name and a number for a manifest, claimed once; aliases
Manifest  manifest.py   what is in it: files or rows by content; the content digest is the
                        identity, so the same content is the same version whatever its name
Dataset   dataset.py    a version opened for reading
add_*     add.py        how content gets in; annotations/ what other programs say of it
"""
