import sys; sys.path.insert(0,'/tmp/fe/h3a')
from h import *
w=attach()
I2='DE89370400440532013000'
w.stmt('2026-11-03',[('CRDT',3000,'RF3970A1B1945FDC19A5B8A8',{'iban':I2,'name':'Bougie'}),('CRDT',3500,'RF3370A1B1945FDDD1850BBC',{'iban':I2,'name':'Librairie'}),('CRDT',777,'NOTPROVIDED',{'iban':I2,'name':'Madame Inconnue','ustrd':'don'}),('CRDT',3000,'RF3970A1B1945FDC19A5B8A8',{'iban':I2,'name':'Bougie'})])
w.o('bank','lines'); w.look()
lines=w.j('bank','lines'); print(json.dumps(lines)[:1800])
save(w)
