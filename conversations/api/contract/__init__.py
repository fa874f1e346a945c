"""The API's contract as OpenAPI 3.1: what each route takes and answers, said beside no view but in one place.

A file a resource, each with its OPERATIONS by path and method, and the SCHEMAS they refer to. drf-spectacular walks the
URLconf and asks for each operation (schema.py); a route that nobody described ends the making of the document.
"""
