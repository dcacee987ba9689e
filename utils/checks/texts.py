"""What checks of several lessons ask, and what their models say."""

PROMPT = "Name a river."
DANUBE = "The Danube rises in the Black Forest and ends, ten countries later, in the Black Sea."
LIST = "Two things:\n\n1. The ebb.\n2. The flood.\n\nThen it begins anew."
TIDE = "Twice a day\nthe sea comes in.\nNobody asks it to."
