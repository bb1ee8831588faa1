import sys, time, collections
sys.path.insert(0,"tests")
from world.life import live
from world.driver import *
checks = ALL_CHECKS if "all" in sys.argv else CHECKS
a,b = int(sys.argv[1]), int(sys.argv[2])
t=time.process_time(); fails=collections.Counter(); tot=collections.Counter(); bad=[]
for s in range(a,b):
    try:
        r=live(s, checks=checks)
        tot.update(fills=r.fills,orders=r.orders); tot.update(r.did); tot.update(r.trouble); tot.update(r.excuses)
        tot.update(faults=sum(r.faults.values()))
    except BaseException as e:
        msg=str(e); bad.append(s)
        for l in msg.splitlines()[1:] or [msg]: fails[l.split(":")[0]]+=1
        if len(bad)<6: print(type(e).__name__, msg[:1500])
        if not isinstance(e, AssertionError) and len(bad)<4:
            import traceback; traceback.print_exc()
print((time.process_time()-t)/(b-a)*1000,"ms per life", len(bad), "bad", bad[:20], fails)
for k,v in tot.most_common(): print("  ",k,v)
