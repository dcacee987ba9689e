"""The two protocols, one file each: parse a request, build the objects of the reply."""
