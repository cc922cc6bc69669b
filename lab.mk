# SPDX-License-Identifier: GPL-3.0-or-later
# The lab: real guests from one command. tests/lab/lab.py says which variables it takes (LAB_GUESTS, LAB_IMAGE, LAB_URI ...).

LAB := $(VENV)/bin/python tests/lab/lab.py

##@ Lab
.PHONY: lab
lab: venv ## A NAT lab of guests that you can log in to (LAB_GUESTS=3)
	@$(LAB) up

.PHONY: lab-check
lab-check: venv ## What `make lab` would do, with every difference
	@$(LAB) check

.PHONY: lab-down
lab-down: venv ## Remove the guests and their isolated host
	@$(LAB) down
