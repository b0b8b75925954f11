"""The keys of the model beside those of the checkpoint."""
