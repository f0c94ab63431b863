"""Reading of files of rows, a module a format, with bounded memory and an error a bad row.

``files`` says what columns and rows a file has, ``windows`` reads them.
"""
